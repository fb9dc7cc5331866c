// Runs a fuzz target over the files named, and over those in the directories named.
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include "tests/fuzz/fuzz.h"

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (!file || fstat(fileno(file), &st) != 0) {
		perror(path);
		exit(1);
	}
	// Memory of its very size, so that a sanitizer sees a read past the end.
	size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	MUST(data && fread(data, 1, size, file) == size);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return replay_file(path);
	while ((entry = readdir(dir))) {
		char inner[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < PATH_MAX)
			count += replay(inner);
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += replay(argv[i]);
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
