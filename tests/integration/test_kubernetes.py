"""fcgi/dist/kubernetes: what can be told without a cluster. Rendered as kubectl does, each field is one of the API,
and the parts fit each other. tests/kubernetes/run runs the pods."""
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from harness.processes import binary, environment, free_ports
from harness.redis_server import RedisServer

REPO = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = REPO / "fcgi/dist/kubernetes"


def renderer():
    """kustomize 4 or newer, by itself or in kubectl; Debian 12 has neither."""
    for command, version in ((["kustomize", "build"], ["kustomize", "version"]),
                             (["kubectl", "kustomize"], ["kubectl", "version", "--client"])):
        if shutil.which(command[0]):
            said = subprocess.run(version, capture_output=True, text=True).stdout
            if command[0] == "kustomize" or re.search(r"Kustomize Version: v[45]", said):
                return command
    return None


@pytest.fixture(scope="module", params=["base", "try"])
def manifests(request):
    command = renderer()
    if not command:
        pytest.skip("neither kustomize nor a kubectl with one")
    done = subprocess.run([*command, KUBERNETES / request.param], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def of(manifests, kind):
    return [one for one in manifests if one["kind"] == kind]


def named(manifests, kind, name):
    found, = [one for one in of(manifests, kind) if re.fullmatch(name + "(-[a-z0-9]{10})?", one["metadata"]["name"])]
    return found


def pods(manifests):
    """(labels, spec) of each template."""
    return [(one["spec"]["template"]["metadata"]["labels"], one["spec"]["template"]["spec"])
            for one in of(manifests, "Deployment") + of(manifests, "StatefulSet")]


def refreshd(manifests):
    (_, spec), = [pod for pod in pods(manifests) if pod[0]["app.kubernetes.io/name"] == "refreshd"]
    return spec, {container["name"]: container for container in spec["containers"]}


def matches(selector, labels):
    return selector["matchLabels"].items() <= labels.items()


def check_fields(models, kind, value, path):
    """Each member is in the API's description of its kind, and of its type."""
    listed = re.fullmatch(r"list\[(.*)\]", kind)
    mapped = re.fullmatch(r"dict\(str, (.*)\)", kind)
    if listed:
        assert isinstance(value, list), path
        for number, item in enumerate(value):
            check_fields(models, listed[1], item, f"{path}[{number}]")
    elif mapped:
        for name, item in value.items():
            check_fields(models, mapped[1], item, f"{path}.{name}")
    elif hasattr(models, kind):
        model = getattr(models, kind)
        members = {json: attribute for attribute, json in model.attribute_map.items()}
        for name, item in value.items():
            assert name in members, f"{path}.{name} is not of {kind}"
            check_fields(models, model.openapi_types[members[name]], item, f"{path}.{name}")
        model(**{members[name]: item for name, item in value.items()})  # refuses what lacks a required member
    elif kind != "object":
        assert type(value).__name__ == kind, f"{path}: {value!r} is no {kind}"


def test_each_field_is_one_of_the_API(manifests):
    models = pytest.importorskip("kubernetes.client.models")
    for one in manifests:
        version = one["apiVersion"].rsplit("/", 1)[-1].title()
        check_fields(models, version + one["kind"], one, one["kind"])


def test_the_check_of_fields_finds_a_misspelling_and_a_wrong_type():
    models = pytest.importorskip("kubernetes.client.models")
    for wrong in ({"enableServiceLink": False}, {"enableServiceLinks": "no"}, {"containers": [{"image": "x"}]}):
        with pytest.raises((AssertionError, ValueError)):
            check_fields(models, "V1PodSpec", {"containers": [], **wrong}, "spec")


def test_S_each_pod_meets_the_restricted_standard(manifests):
    """kubernetes.io/docs/concepts/security/pod-security-standards, and more: no writable root, no token."""
    users = set()
    for _, spec in pods(manifests):
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["fsGroup"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
        assert {kind for volume in spec["volumes"] for kind in volume} <= {
            "name", "configMap", "secret", "projected", "emptyDir"}
        for container in spec["containers"]:
            context = {**spec["securityContext"], **container["securityContext"]}
            assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["runAsUser"] == context["runAsGroup"] > 0
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]
            users.add(context["runAsUser"])
    assert users >= {10001, 10002} and len(users) == sum(len(spec["containers"]) for _, spec in pods(manifests))


def test_S_keys_reach_refreshd_alone(manifests):
    """And come from nowhere else: no Secret is shipped, for it would take the real one's place."""
    spec, containers = refreshd(manifests)
    assert not of(manifests, "Secret")
    volume, = [volume for volume in spec["volumes"] if "secret" in volume]
    assert volume["secret"]["defaultMode"] == 0o440
    mounted = {name: mount for name, one in containers.items() for mount in one["volumeMounts"] if mount["name"] == volume["name"]}
    assert mounted.keys() == {"refreshd"} and "subPath" not in mounted["refreshd"] and mounted["refreshd"]["readOnly"]
    conf = named(manifests, "ConfigMap", "refreshd")["data"]["refreshd.conf"]
    for option in ("key_file", "redis_password_file"):
        path = re.search(rf"^{option} = (.*)$", conf, re.M)[1]
        assert path.rsplit("/", 1)[0] == mounted["refreshd"]["mountPath"]
        assert path.rsplit("/", 1)[1] in [item["path"] for item in volume["secret"]["items"]]
    assert not [entry for one in containers.values() for entry in one.get("env", []) if "valueFrom" in entry]


def test_all_that_selects_selects_a_pod_and_all_ports_are_there(manifests):
    def of_pod(labels):
        return {port["name"] for one_labels, spec in pods(manifests) for container in spec["containers"]
                for port in container.get("ports", []) if labels.items() <= one_labels.items()}

    for service in of(manifests, "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= of_pod(service["spec"]["selector"])
    for kind in ("PodDisruptionBudget", "NetworkPolicy", "Deployment", "StatefulSet"):
        for one in of(manifests, kind):
            selector = one["spec"].get("selector", one["spec"].get("podSelector"))
            assert [labels for labels, _ in pods(manifests) if matches(selector, labels)], one
    spec, _ = refreshd(manifests)
    for constraint in spec["topologySpreadConstraints"]:
        assert matches(constraint["labelSelector"], {"app.kubernetes.io/name": "refreshd"})
    for policy in of(manifests, "NetworkPolicy"):
        for rule in policy["spec"]["ingress"]:
            assert {port["port"] for port in rule["ports"]} <= of_pod(policy["spec"]["podSelector"]["matchLabels"])


def test_FastCGI_is_the_pods_own_and_redis_refreshds(manifests):
    conf = named(manifests, "ConfigMap", "refreshd")["data"]["refreshd.conf"]
    assert re.findall(r"^(?:login_)?listen = (\S+):\d+$", conf, re.M) == ["tcp:127.0.0.1"] * 2
    _, containers = refreshd(manifests)
    assert {port["containerPort"] for one in containers.values() for port in one.get("ports", [])} == {8080, 8081}
    policy = named(manifests, "NetworkPolicy", "refreshd")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    internal, = [rule for rule in policy["ingress"] if rule["ports"] == [{"port": "internal"}]]
    assert internal["from"]
    for redis in [one for one in of(manifests, "NetworkPolicy") if one["metadata"]["name"] == "refreshd-redis"]:
        rule, = redis["spec"]["ingress"]
        assert matches(rule["from"][0]["podSelector"], {"app.kubernetes.io/name": "refreshd"}) and len(rule["from"]) == 1
        assert set(redis["spec"]["policyTypes"]) == {"Ingress", "Egress"} and "egress" not in redis["spec"]
        assert {"app.kubernetes.io/name": "refreshd-redis"} in [
            to["podSelector"]["matchLabels"] for rule in policy["egress"] for to in rule.get("to", [])]


def test_probes_are_of_the_process_not_of_redis(manifests):
    """With Redis away, no pod is restarted or taken out: verify and JWKS need none."""
    _, containers = refreshd(manifests)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert containers["refreshd"][probe]["exec"]["command"] == ["refreshd", "ping"]
        assert containers["refreshd"][probe]["timeoutSeconds"] > 2, "ping waits for 2 s"
    assert containers["nginx"]["readinessProbe"]["httpGet"]["path"] == "/healthz"
    assert containers["refreshd"]["livenessProbe"]["failureThreshold"] * containers["refreshd"]["livenessProbe"]["periodSeconds"] >= 30


def options(conf, folder):
    """What refreshd makes of it: {option: value}."""
    path = pathlib.Path(folder) / "refreshd.conf"
    path.write_text(conf)
    done = subprocess.run([binary(), "-T", "--config", path], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done
    return dict(re.findall(r"^(\w+) += (\S*)", done.stdout, re.M))


def test_the_end_of_a_pod_leaves_time_for_each_part(manifests, tmp_path):
    """nginx serves on while it is still sent requests, then ends; refreshd outlives it and drains."""
    spec, containers = refreshd(manifests)
    waits = {name: int(one["lifecycle"]["preStop"]["exec"]["command"][1]) for name, one in containers.items()}
    nginx = named(manifests, "ConfigMap", "refreshd-nginx")["data"]["nginx.conf"]
    conf = named(manifests, "ConfigMap", "refreshd")["data"]["refreshd.conf"]
    drain_s = int(options(conf, tmp_path)["drain_timeout_ms"]) / 1000
    assert waits["nginx"] + int(re.search(r"worker_shutdown_timeout (\d+)s", nginx)[1]) < waits["refreshd"]
    assert waits["refreshd"] + drain_s + 5 <= spec["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("image", [False, True])
def test_nginx_takes_its_configuration_with_the_images_files(manifests, tmp_path, image):
    """Those name the upstreams by variables, those of the repository by names: both fit."""
    for file in (REPO / "nginx/include").iterdir():
        text = file.read_text()
        (tmp_path / file.name).write_text(re.sub(r"fastcgi_pass (refreshd\w*);", r"fastcgi_pass $\1;", text) if image else text)
    ports = free_ports(2)
    text = named(manifests, "ConfigMap", "refreshd-nginx")["data"]["nginx.conf"].replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(text.replace("listen 8080", f"listen {ports[0]}").replace("listen 8081", f"listen {ports[1]}"))
    done = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([binary(), "doctor", "--nginx", tmp_path / "nginx.conf"], env=environment(), capture_output=True, text=True)
    # TLS ends before the pod, and the policy of the network guards the internal listener.
    assert re.findall(r":\d+: ([a-z-]+):", done.stdout) == ["cookie-plain", "verify-open", "metrics-open"], done.stdout


def test_the_pages_overlay_changes_images_configuration_and_namespace(tmp_path):
    command = renderer()
    if not command:
        pytest.skip("neither kustomize nor a kubectl with one")
    page = (KUBERNETES / "README.md").read_text()
    block = re.search(r"^ +# kustomization.yaml\n(( {7}.*\n)+)", page, re.M)[1]
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/refreshd.conf").write_text("issuer = https://mine.example\n")
    (tmp_path / "mine/kustomization.yaml").write_text(
        re.sub("(?m)^ {7}", "", block).replace("../refreshd/fcgi/dist/kubernetes", "../kubernetes"))
    done = subprocess.run([*command, tmp_path / "mine"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    assert {one["metadata"]["namespace"] for one in made} == {"auth"}
    spec, containers = refreshd(made)
    assert {one["image"] for one in containers.values()} == {f"registry.example/refreshd-{name}:1.0.0" for name in ("app", "nginx")}
    config = named(made, "ConfigMap", "refreshd")
    assert "mine.example" in config["data"]["refreshd.conf"]
    assert [volume["configMap"]["name"] for volume in spec["volumes"] if volume["name"] == "config"] == [config["metadata"]["name"]]


@pytest.fixture
def secrets(tmp_path):
    script = KUBERNETES / "secrets.sh"
    said = subprocess.run([script, tmp_path / "secrets"], env=environment(REFRESHD=binary()), capture_output=True, text=True, check=True)
    return tmp_path / "secrets", said.stdout


def test_S_secrets_are_files_of_their_owner_and_stay(secrets):
    folder, said = secrets
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        "keys": 0o600, "redis.password": 0o600, "users.acl": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert before["redis.password"].decode() not in said and said.count("kubectl create secret generic") == 2
    subprocess.run([KUBERNETES / "secrets.sh", folder], env=environment(REFRESHD=binary()), check=True, capture_output=True)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_the_redis_for_trying_gives_refreshd_its_rights(secrets):
    folder, _ = secrets
    lines = [line.split() for line in (KUBERNETES / "try/redis.conf").read_text().splitlines()]
    words = [word.strip('"') for name, *rest in lines if name not in ("bind", "port", "dir", "aclfile") for word in ("--" + name, *rest)]
    server = RedisServer(*words, "--aclfile", str(folder / "users.acl"), login={"username": "health", "password": ""})
    try:
        done = subprocess.run([binary(), "-t"], env=environment(
            REFRESHD_KEY_FILE=folder / "keys", REFRESHD_REDIS=f"unix:{server.socket}", REFRESHD_REDIS_USER="refreshd",
            REFRESHD_REDIS_PASSWORD_FILE=folder / "redis.password", REFRESHD_LISTEN="tcp:127.0.0.1:9"), capture_output=True, text=True)
        assert "user refreshd has all rights" in done.stdout and not re.search("FAIL|warn", done.stdout), done.stdout
    finally:
        server.stop()
