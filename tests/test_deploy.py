"""The files of deploy/ agree with the product and give nobody more than is needed.

Nothing here builds an image or renders the chart: the files are read as YAML and as text.
"""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from typer.main import get_command

from features.settings import load_settings
from serving.access.admission import _OPEN as OPEN_PATHS
from serving.access.pepper import VARIABLE as PEPPER
from serving.business import SETTINGS_VARIABLE
from serving.cli import app as commands
from serving.commands.server import KEYS_VARIABLE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "regulars"
PORT = 3000
USER = "10001:10001"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
TEMPLATES = {
    path.name: path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir()
}
ORDERS = {
    "path": "orders.csv",
    "format": "csv",
    "columns": {"customer_id": "id", "timestamp": "at", "amount": "a"},
}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their text, lines that go on joined."""
    text = re.sub(
        r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.strip().split(maxsplit=1)) for line in lines if line.strip()]


def final_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(at for at, (name, _) in enumerate(found) if name == "FROM") :]


def only(name: str) -> str:
    (text,) = (text for found, text in final_stage() if found == name)
    return text


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(only("ENV")))


def paths(tree: dict, above: str = "") -> dict[str, object]:
    """Leaves of values.yaml by their dotted path."""
    leaves = {}
    for name, value in tree.items():
        here = f"{above}.{name}" if above else name
        leaves |= paths(value, here) if isinstance(value, dict) else {here: value}
    return leaves


def parsed(arguments: list[str]) -> dict[str, object]:
    """The options of a command line as the product reads them; it is not run."""
    assert arguments[0] == "regulars"
    command, rest = get_command(commands), arguments[1:]
    while hasattr(command, "commands"):
        command, rest = command.commands[rest[0]], rest[1:]
    return command.make_context("regulars", rest).params


def settings_file(folder: Path, content: dict[str, object]) -> Path:
    path = folder / "regulars.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def actions(text: str) -> list[str]:
    return re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL)


# The image


def test_the_image_is_pinned_and_fetches_nothing_by_address():
    bases = [text.split()[0] for name, text in instructions() if name == "FROM"]
    assert bases
    assert [one for one in bases if not re.search(r":\d", one)] == []
    assert not [
        text
        for name, text in instructions()
        if name == "ADD" or ("://" in text and name != "HEALTHCHECK")
    ]
    installs = [
        text
        for name, text in instructions()
        if name == "RUN" and "install" in text and "pip" in text
    ]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[1]


def test_the_image_runs_as_a_numbered_user_and_starts_without_a_shell():
    names = [name for name, _ in final_stage()]
    assert only("USER") == USER
    assert names.index("USER") < names.index("HEALTHCHECK") < names.index("CMD")
    assert "COPY" not in names[names.index("USER") :]
    assert isinstance(yaml.safe_load(only("CMD")), list)
    assert re.search(r'CMD \["python", "-c", ', only("HEALTHCHECK"))


def test_the_image_serves_to_others_by_key_on_the_port_of_the_product():
    options = parsed(yaml.safe_load(only("CMD")))
    assert (options["host"], options["port"]) == ("0.0.0.0", PORT)
    assert only("EXPOSE") == str(PORT)
    (asked,) = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", only("HEALTHCHECK"))
    assert asked == (str(PORT), "/livez")
    assert "/livez" in OPEN_PATHS
    assert image_environment()[KEYS_VARIABLE] == "required"


def test_the_image_s_variables_are_those_that_the_product_reads(monkeypatch, tmp_path):
    given = image_environment()
    assert SETTINGS_VARIABLE in given
    assert given["BENTOML_DO_NOT_TRACK"] == "True"
    assert given["OMP_NUM_THREADS"] == "1"
    for name in given.keys() - {"PATH"}:
        monkeypatch.setenv(name, given[name])
    path = settings_file(tmp_path, {"sources": {"orders": ORDERS}, "churn": {"within_days": 60}})
    settings = load_settings(path)
    assert settings.serve.keys == "required"
    assert settings.workspace == Path(given["REGULARS_WORKSPACE"])


def test_what_the_image_writes_is_the_workspace_or_tmp():
    given = image_environment()
    assert [
        name
        for name in ("HOME", "MPLCONFIGDIR", "BENTOML_HOME")
        if not (given[name] == "/tmp" or given[name].startswith("/tmp/"))
    ] == []
    (made,) = re.findall(
        r"install -d -o 10001 -g 10001 -m 0750 (.*)$",
        " ".join(t for n, t in final_stage() if n == "RUN"),
    )
    assert given["REGULARS_WORKSPACE"] in made.split()


def test_no_layer_holds_a_secret():
    told = " ".join(text for name, text in instructions() if name in {"ENV", "ARG", "RUN"})
    assert re.findall(r"PASSWORD|PEPPER|TOKEN|SECRET", told, re.IGNORECASE) == []
    assert not [
        text for name, text in instructions() if name == "COPY" and re.match(r"\S*\.\s", text)
    ]


def test_the_context_of_the_image_is_what_it_copies_and_no_more():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source.removeprefix("./")
        for name, text in instructions()
        if name == "COPY" and not text.startswith("--from")
        for source in text.split()[:-1]
    }
    assert taken == copied
    assert [one for one in copied if not (ROOT / one).exists()] == []


def test_the_lock_of_the_driver_is_the_extra_at_the_tested_version():
    text = (DEPLOY / "postgres.lock").read_text(encoding="utf-8")
    assert text in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([\w-]+)==", text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(one) for one in project["optional-dependencies"]["postgres"]]
    assert names == [wanted[0].name, f"{wanted[0].name}-binary"]
    assert wanted[0].extras == {"binary"}


# Compose


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_no_more_than_it_must(name):
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()
    assert re.search(r":\d", service["image"])
    published = service.get("ports", [])
    assert [one for one in published if not one.startswith("127.0.0.1:")] == []


def test_only_the_server_is_published_and_the_database_and_mlflow_stay_inside():
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["regulars"]
    assert SERVICES["regulars"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["mlflow"]["networks"] == ["inside"]


def test_secrets_of_compose_come_from_outside_the_file():
    secret = re.compile(r"\$\{\w+:\?set it in deploy/\.env\}")
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|PEPPER", name):
                assert secret.fullmatch(value), name
    assert PEPPER in SERVICES["regulars"]["environment"]


@pytest.mark.parametrize("name", ["regulars", "score"])
def test_compose_s_variables_lead_to_the_services_beside(name, monkeypatch, tmp_path):
    service = SERVICES[name]
    given = image_environment() | service["environment"]
    for key in given.keys() - {"PATH"}:
        monkeypatch.setenv(key, given[key].replace("$$", "$"))
    path = settings_file(tmp_path, {"sources": {"orders": ORDERS}, "churn": {"within_days": 60}})
    database = SERVICES["postgres"]["environment"]
    user, name = database["POSTGRES_USER"], database["POSTGRES_DB"]
    address = f"postgresql://{user}:${{STORE_PASSWORD}}@postgres:5432/{name}"
    assert load_settings(path).store.address == address
    port = next(one for one in SERVICES["mlflow"]["command"] if one.startswith("--port="))
    assert given["MLFLOW_TRACKING_URI"] == f"http://mlflow:{port.removeprefix('--port=')}"
    targets = {
        volume.split(":")[-1 if not volume.endswith(":ro") else -2] for volume in service["volumes"]
    }
    assert targets == {given["REGULARS_WORKSPACE"], str(Path(given[SETTINGS_VARIABLE]).parent)}


def test_the_job_of_compose_is_a_command_of_the_product_and_runs_when_asked_for():
    job = SERVICES["score"]
    parsed(job["command"])
    assert job["command"] == ["regulars", "score"]
    assert (job["profiles"], job["restart"]) == (["jobs"], "no")


def test_every_service_that_stays_is_asked_whether_it_lives():
    assert "healthcheck" not in SERVICES["regulars"], "the image has one"
    for name in ("postgres", "mlflow"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_mlflow_s_server_has_the_options_it_is_started_with_and_runs_no_jobs():
    from mlflow.cli import server
    from mlflow.environment_variables import (
        MLFLOW_ALLOW_PICKLE_DESERIALIZATION,
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION,
    )

    program, command, *options = SERVICES["mlflow"]["command"]
    assert (program, command) == ("mlflow", "server")
    given = server.make_context("server", list(options), resilient_parsing=True).params
    assert given["allowed_hosts"] == "mlflow:5000,localhost:5000"
    assert given["backend_store_uri"].startswith("sqlite:////var/lib/mlflow/")
    off = (MLFLOW_SERVER_ENABLE_JOB_EXECUTION, MLFLOW_ALLOW_PICKLE_DESERIALIZATION)
    assert [SERVICES["mlflow"]["environment"][one.name] for one in off] == ["false", "false"]


# The chart, as text


def test_every_value_is_used_and_every_value_used_is_there():
    text = "\n".join(TEMPLATES.values())
    used = set(re.findall(r"\.Values\.([\w.]+)", text))
    leaves = paths(VALUES)
    missing = [
        one for one in used if not any(leaf == one or leaf.startswith(f"{one}.") for leaf in leaves)
    ]
    idle = [
        leaf
        for leaf in leaves
        if not any(leaf == one or leaf.startswith(f"{one}.") for one in used)
    ]
    assert (missing, idle) == ([], [])
    fields = set(re.findall(r"\$job\.(\w+)", text))
    assert {name: set(job) for name, job in VALUES["jobs"].items()} == dict.fromkeys(
        VALUES["jobs"], fields
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_closes_what_it_opens(name):
    text = TEMPLATES[name]
    assert text.count("{{") == len(actions(text))
    rest = re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)
    for opening, closing in ("{}", "[]"):
        assert rest.count(opening) == rest.count(closing)
    words = [one.strip("- \n").split()[0] for one in actions(text)]
    assert sum(one in {"if", "range", "with", "define"} for one in words) == words.count("end")


def test_every_part_that_is_included_is_defined():
    text = "\n".join(TEMPLATES.values())
    assert set(re.findall(r'include "([\w.]+)"', text)) == set(
        re.findall(r'define "([\w.]+)"', text)
    )


@pytest.mark.parametrize("name", ["deployment.yaml", "cronjobs.yaml"])
def test_every_pod_of_the_chart_is_the_hardened_one(name):
    text = TEMPLATES[name]
    assert text.count('include "regulars.pod"') == text.count('include "regulars.container"') == 1
    shared = TEMPLATES["_pod.tpl"]
    for rule in (
        "runAsNonRoot: true",
        "runAsUser: 10001",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "capabilities: {drop: [ALL]}",
        "automountServiceAccountToken: false",
        "seccompProfile: {type: RuntimeDefault}",
    ):
        assert rule in shared
        assert "securityContext" not in text
    assert not re.search(r"privileged: true|host(Network|PID|IPC|Path)", text + shared)


def test_the_chart_mounts_and_asks_what_the_image_has():
    given = image_environment()
    mounts = set(re.findall(r"mountPath: ([/\w]+)", TEMPLATES["_pod.tpl"]))
    folder = str(Path(given[SETTINGS_VARIABLE]).parent)
    assert mounts == {folder, given["REGULARS_WORKSPACE"], "/tmp"}
    assert f"{Path(given[SETTINGS_VARIABLE]).name}: |" in TEMPLATES["configmap.yaml"]
    text = TEMPLATES["deployment.yaml"]
    asked = re.findall(r"httpGet: \{path: (/\w+), port: http\}", text)
    assert asked == ["/livez", "/livez", "/readyz"]
    assert set(asked) <= OPEN_PATHS
    assert f"containerPort: {PORT}" in text
    assert f"port: {PORT}, targetPort: http" in TEMPLATES["service.yaml"]
    assert f"key: {PEPPER}" in TEMPLATES["_pod.tpl"]


def test_the_commands_of_the_chart_are_those_of_the_product():
    (line,) = re.findall(r"args: (\[.*\])", TEMPLATES["deployment.yaml"])
    assert yaml.safe_load(line) == yaml.safe_load(only("CMD"))
    for name in VALUES["jobs"]:
        parsed(["regulars", name])
    assert VALUES["jobs"]["score"]["suspend"] is False


def test_a_pod_has_one_core_and_ends_gently():
    for part in (VALUES["resources"], *(job["resources"] for job in VALUES["jobs"].values())):
        assert part["requests"]["cpu"] == part["limits"]["cpu"] == "1"
    text = TEMPLATES["deployment.yaml"]
    assert "terminationGracePeriodSeconds: 30" in text
    assert 'command: [sleep, "5"]' in text


def test_the_settings_in_the_chart_are_right(tmp_path):
    settings = load_settings(settings_file(tmp_path, VALUES["settings"]))
    assert settings.store.address == VALUES["settings"]["store"]["address"]
    assert "${STORE_PASSWORD}" in settings.store.address
    assert "key: STORE_PASSWORD" in TEMPLATES["_pod.tpl"]


def test_the_chart_is_of_the_product_s_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(chart["appVersion"]) == project["version"]
    images = {
        VALUES["image"],
        *(SERVICES[name]["image"] for name in ("mlflow", "regulars", "score")),
    }
    assert images == {f"regulars:{project['version']}"}


# The page on it


def test_the_page_on_deploying_repeats_figures_that_stand_elsewhere():
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| [^|]+ \| ([\w-]+\.md) \| `([^`]+)` \|$", text, re.MULTILINE)
    assert told
    for page, figure in told:
        assert figure in (ROOT / "docs" / page).read_text(encoding="utf-8"), figure


def test_the_page_on_deploying_names_commands_that_exist():
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    told = re.findall(r"(?:--rm score|deploy/regulars --) (regulars [^\n`#]+)", text)
    assert len(told) >= 4
    for line in told:
        parsed(shlex.split(line))
