"""The commands of infra/deploy and infra/destroy."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from infra.stacks.account import Account
from infra.stacks.deployment import Deployment
from infra.stacks.display import Display
from infra.stacks.errors import DeployError
from infra.stacks.kept import KeptResources
from infra.stacks.removal import Removal
from infra.stacks.settings import export_lines, settings_of
from infra.stacks.stack_client import StackClient
from infra.stacks.template import Template, load_templates

Name = Annotated[str, typer.Option(help="Prefix of all names, one a deployment.")]
# boto3 itself reads AWS_DEFAULT_REGION and the profile only.
Region = Annotated[
    str | None,
    typer.Option(
        envvar="AWS_REGION",
        show_envvar=False,
        help="Region; else AWS_REGION, AWS_DEFAULT_REGION, the profile.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
_DELETED_WITH_NAME = "Type the name of the deployment to delete its data"


def deploy(
    name: Name = "cis-worker",
    region: Region = None,
    source_bucket: Annotated[
        str, typer.Option(help="Source bucket. One that exists is left as it is but for its notification.")
    ] = "",
    search_endpoint: Annotated[str, typer.Option(help="URL of an OpenSearch that exists.")] = "",
    bedrock_region: Annotated[str, typer.Option(help="Region of the embedding models.")] = "",
    key_arn: Annotated[str, typer.Option(help="KMS key for all data; else keys of the services.")] = "",
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", metavar="KEY=VALUE", help="Any other parameter.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Tag of all resources.")] = None,
    only: Annotated[str, typer.Option(metavar="STACK,...", help="Only these stacks.")] = "",
    env_file: Annotated[Path | None, typer.Option(help="Also write the settings to this file.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Deploy the templates of this folder, each as the stack NAME-TEMPLATE; repeat it to change something.

    The changes of each stack are shown before they are made. The settings of a worker go to standard
    output. A parameter once given is kept until another value is given.

    Exit status: 0, 1 when something stopped it, 2 for wrong options.

    Example: `infra/deploy --dry-run` then `infra/deploy --env-file cis.env`
    """
    given = {
        "SourceBucketName": source_bucket,
        "ExistingSearchEndpoint": search_endpoint,
        "BedrockRegion": bedrock_region,
        "KeyArn": key_arn,
    }
    display, templates = Display(), _chosen(only)
    deployment = Deployment(
        kept=_open(name, region, {"deployment": name, **_pairs(tag)}),
        templates=templates,
        report=display,
        confirm=_confirmation(yes=yes),
        given={**{key: value for key, value in given.items() if value}, **_pairs(parameter)},
    )
    deployment.run(is_dry_run=dry_run)
    if dry_run:
        display.line("Nothing was changed. Next: the same without --dry-run.")
        return
    _print_settings(deployment, display, env_file)


def destroy(
    name: Name = "cis-worker",
    region: Region = None,
    delete_data: Annotated[
        bool, typer.Option(help="Delete buckets, table, index, queues and logs of this deployment, too.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete the stacks of a deployment, the fleet first. Its data stays, and the next infra/deploy uses it.

    Exit status: 0, 1 when something stopped it, 2 for wrong options.

    Example: `infra/destroy --dry-run` then `infra/destroy`
    """
    display = Display()
    kept = _open(name, region, {})
    removal = Removal(kept=kept, templates=load_templates())
    stacks, data = removal.stacks(), removal.data()
    storage = kept.stacks.outputs(f"{name}-storage")
    queue_arn = kept.stacks.outputs(f"{name}-queue").get("QueueArn", "")
    for stack in stacks:
        display.line(f"{stack}: {'would be' if dry_run else 'will be'} deleted")
    if delete_data:
        for kind, resource in data:
            display.line(
                f"{kind} {resource}: {'would be' if dry_run else 'will be'} deleted, with what is in it"
            )
    elif data:
        display.left(data)
    if dry_run or not (stacks or (delete_data and data)):
        display.line("Nothing was changed." if stacks or data else f"There is nothing of {name} here.")
        return
    _confirm_removal(name, delete_data=delete_data, yes=yes)
    removal.delete_stacks(display.line)
    if not delete_data:
        display.line("The data stays, and costs what it costs; uploads still reach the queue, for 14 days.")
        display.line("Next: infra/deploy uses it again; infra/destroy --delete-data deletes it.")
        return
    bucket = storage.get("SourceBucketName", "")
    if bucket and queue_arn and ("AWS::S3::Bucket", bucket) not in data:
        removal.disconnect(bucket, queue_arn)
    if left := removal.delete_data(data, display.line):
        display.left(left)


def _open(name: str, region: str | None, tags: dict[str, str]) -> KeptResources:
    account = Account(region or None)
    stacks = StackClient(
        client=account.cloudformation, wait=threading.Event().wait, clock=time.monotonic, tags=tags
    )
    return KeptResources(account=account, stacks=stacks, name=name)


def _chosen(only: str) -> list[Template]:
    templates = load_templates()
    names = [each for each in only.split(",") if each]
    known = [each.name for each in templates]
    if unknown := set(names) - set(known):
        raise typer.BadParameter(f"--only {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    return [each for each in templates if not names or each.name in names]


def _pairs(options: list[str] | None) -> dict[str, str]:
    found = {}
    for option in options or []:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"{option!r} is not KEY=VALUE")
        found[key] = value
    return found


def _confirmation(*, yes: bool) -> Callable[[str], bool]:
    def confirm(question: str) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise DeployError(f"{question} There is nobody to ask here: give --yes.")
        return typer.confirm(question, err=True)

    return confirm


def _confirm_removal(name: str, *, delete_data: bool, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise DeployError("There is nobody to ask here: give --yes.")
    if delete_data:
        if typer.prompt(_DELETED_WITH_NAME, err=True) != name:
            raise DeployError("That is another name; nothing was deleted.")
    elif not typer.confirm("Delete these stacks?", err=True):
        raise DeployError("Nothing was deleted.")


def _print_settings(deployment: Deployment, display: Display, env_file: Path | None) -> None:
    """The settings of a worker, and what to do with them."""
    lines = export_lines(settings_of(deployment.values, region=deployment.kept.account.region_name))
    display.settings(lines)
    if env_file is None:
        display.line("Next: --env-file FILE writes these to a file; docs/deploy.md goes on from there.")
        return
    env_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    display.line(f"Next: . {env_file} && cis-worker init && cis-worker doctor")


def main(name: str, arguments: list[str]) -> None:
    """Run one of the two commands; what stops it is one line, without a traceback."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(_COMMANDS[name])
    try:
        app(arguments, prog_name=f"infra/{name}")
    except DeployError as error:
        typer.echo(f"{name}: {error}", err=True)
        sys.exit(1)


_COMMANDS: dict[str, Callable[..., None]] = {"deploy": deploy, "destroy": destroy}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
