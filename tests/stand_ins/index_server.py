"""As much of an OpenSearch as a re-index asks: indices, aliases, versions and pages of entries."""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from worker.embedded.context_manager import start_on_enter, stop_on_exit
from worker.embedded.http_server import LocalHttpServer, Request, Response

Json = dict[str, Any]


@dataclass(eq=False)
class MadeIndex:
    """One index: its mapping, the aliases that lead to it, and entries as version and source."""

    mappings: Json
    aliases: set[str] = field(default_factory=set)
    entries: dict[str, tuple[int, Json]] = field(default_factory=dict)


@dataclass(eq=False)
class IndexServer:
    """A context manager. Ids in `refuses` are no documents that it takes with their pages."""

    indices: dict[str, MadeIndex] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda _: None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._server = LocalHttpServer(self._answer)

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    __enter__, __exit__ = start_on_enter, stop_on_exit

    def behind(self, name: str) -> list[str]:
        """The indices that a name, an alias or a pattern means."""
        return [
            each
            for each, index in sorted(self.indices.items())
            if fnmatch.fnmatchcase(each, name) or name in index.aliases
        ]

    def put(self, index: str, file_id: str, version: int, **source: Any) -> None:
        """Write an entry as another worker does."""
        self.indices[index].entries[file_id] = version, {"file_id": file_id, "state": "indexed", **source}

    def _answer(self, request: Request) -> Response:
        *names, verb = request.path.strip("/").split("/")
        what = f"{request.method} {verb if verb.startswith('_') or names else 'index'}"
        with self._lock:
            self.requests.append(f"{request.method} {request.path}")
            self.before(f"{request.method} {request.path}")
            if what.startswith("HEAD"):
                return Response(status=200 if self.behind(verb) else 404)
            if verb == "_bulk":
                return _json({"errors": False, "items": self._bulk(request.body)})
            body = json.loads(request.body) if request.body else {}
            if verb == "_aliases":
                return self._lead(body["actions"])
            if verb == "_mget":
                return _json({"docs": [self._get(each) for each in body["docs"]]})
            if not verb.startswith("_"):
                return self._make(request.method, verb, body)
            found = self.behind(names[0])
            if not found and "*" not in names[0]:
                reason = {"type": "index_not_found_exception", "reason": f"no such index [{names[0]}]"}
                return _json({"error": reason, "status": 404}, status=404)
            return _json(self._of_index(verb, request.method, found, body))

    def _of_index(self, verb: str, method: str, found: list[str], body: Json) -> Json:
        if verb == "_mapping" and method == "PUT":
            self.indices[found[0]].mappings.update(body)
        if verb == "_mapping":
            return {name: {"mappings": self.indices[name].mappings} for name in found}
        entries = self.indices[found[0]].entries
        if verb == "_count":
            live = [1 for _, source in entries.values() if source["state"] != "tombstoned"]
            return {"count": len(entries) if "match_all" in body["query"] else len(live)}
        if verb == "_search":
            return {"hits": {"hits": _page(entries, body)}}
        return {}

    def _make(self, method: str, name: str, body: Json) -> Response:
        if method == "DELETE":
            del self.indices[name]
        else:
            self.indices[name] = MadeIndex(body["mappings"], set(body.get("aliases", {})))
        return _json({"acknowledged": True})

    def _lead(self, actions: list[Json]) -> Response:
        for action in actions:
            ((verb, place),) = action.items()
            aliases = self.indices[place["index"]].aliases
            (aliases.add if verb == "add" else aliases.remove)(place["alias"])
        return _json({"acknowledged": True})

    def _get(self, place: Json) -> Json:
        found = self.indices[place["_index"]].entries.get(place["_id"])
        if found is None:
            return {"_id": place["_id"], "found": False}
        return {"_id": place["_id"], "found": True, "_version": found[0], "_source": found[1]}

    def _bulk(self, body: bytes) -> list[Json]:
        lines = [json.loads(line) for line in body.splitlines()]
        pairs = zip(lines[::2], lines[1::2], strict=True)
        return [{"index": self._write(action["index"], source)} for action, source in pairs]

    def _write(self, action: Json, source: Json) -> Json:
        file_id, version = action["_id"], action["version"]
        (name,) = self.behind(action["_index"])
        current = self.indices[name].entries.get(file_id, (0, {}))[0]
        if current > version:
            reason = f"[{file_id}]: version conflict, current version [{current}] is higher"
            error = {"type": "version_conflict_engine_exception", "reason": reason}
            return {"_id": file_id, "status": 409, "error": error}
        if file_id in self.refuses and source.get("pages"):
            error = {"type": "mapper_parsing_exception", "reason": "too odd"}
            return {"_id": file_id, "status": 400, "error": error}
        self.indices[name].entries[file_id] = version, source
        return {"_id": file_id, "status": 201}


def _page(entries: dict[str, tuple[int, Json]], body: Json) -> list[Json]:
    conditions = [each["range"] for each in body["query"]["bool"]["filter"]]
    after = conditions[0]["file_id"]["gt"]
    since = conditions[1]["indexed_at"]["gte"] if len(conditions) > 1 else ""
    hits = [
        {"_id": file_id, "_version": version, "_source": source}
        for file_id, (version, source) in sorted(entries.items())
        if file_id > after and (not since or (source.get("indexed_at") or "") >= since)
    ]
    return hits[: body["size"]]


def _json(values: object, *, status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(values).encode())
