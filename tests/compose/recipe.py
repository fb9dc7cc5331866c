"""nginx/README.md's recipe for the official image, as pasted, with a stand-in for the image that cannot be had everywhere."""
import pathlib
import re
import subprocess

REPO = pathlib.Path(__file__).resolve().parents[2]

# As the image's, with the paths that its binary has built in, and Debian's user.
NGINX_CONF = """
user www-data;
worker_processes auto;
error_log stderr notice;
pid /run/nginx.pid;
events {
    worker_connections 1024;
}
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    sendfile on;
    keepalive_timeout 65;
    client_body_temp_path /var/cache/nginx/client_temp;
    proxy_temp_path /var/cache/nginx/proxy_temp;
    fastcgi_temp_path /var/cache/nginx/fastcgi_temp;
    uwsgi_temp_path /var/cache/nginx/uwsgi_temp;
    scgi_temp_path /var/cache/nginx/scgi_temp;
    include /etc/nginx/conf.d/*.conf;
}
"""


def prepare(folder, port):
    """Follows the recipe into the folder. Returns the compose file to add."""
    web = folder / "web"
    block = dict(re.findall(r"^```(\w+)\n(.*?)^```$", (REPO / "nginx/README.md").read_text(), re.M | re.S))
    subprocess.run(["sh", "-euc", block["sh"].replace("web/refreshd", f"{web}/refreshd")], cwd=REPO, check=True)
    (web / "default.conf").write_text(block["nginx"])
    (web / "nginx.conf").write_text(NGINX_CONF)

    # The engine may be podman, whose name server our image finds.
    dns = web / "refreshd/refreshd-upstream-dns.conf"
    dns.write_text(re.sub(r"^resolver .*", "include /tmp/resolver.conf;", dns.read_text(), flags=re.M))
    composed = block["yaml"].replace("./web/", f"{web}/").replace("127.0.0.1:8082:", f"127.0.0.1:{port}:")
    composed = re.sub(r"image: nginx:\S+", 'image: "${REGISTRY:-localhost}/refreshd-nginx:${TAG:-latest}"', composed)
    composed = composed.replace("    read_only", '    user: "0:0" # as that image has it\n    read_only')
    composed = composed.replace("volumes:\n", f"volumes:\n      - {web}/nginx.conf:/etc/nginx/nginx.conf:ro\n")
    (web / "compose.yml").write_text(composed)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return web / "compose.yml"
