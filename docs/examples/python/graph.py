"""A copy of a graph that is kept by applying what the server says."""

MASK = (1 << 64) - 1


class Graph:
    """Nodes and edges, each with the hash that the server gave for it.

    The server's checksum is the sum of all hashes, modulo 2**64. Whoever has the same sum has the
    same graph, so a client need not know how an entity is hashed.
    """

    def __init__(self):
        self.nodes = {}
        self.edges = {}

    def checksum(self):
        """The sum as it stands on the wire: 16 hexadecimal digits."""
        entities = [*self.nodes.values(), *self.edges.values()]
        total = sum(int(entity["hash"], 16) for entity in entities) & MASK
        return f"{total:016x}"

    def load(self, chunk):
        """Takes one chunk of a full state in."""
        for entry in chunk["nodes"]:
            self.nodes[entry["node"]["id"]] = {"value": entry["node"], "hash": entry["hash"]}
        for entry in chunk["edges"]:
            self.edges[entry["edge"]["id"]] = {"value": entry["edge"], "hash": entry["hash"]}

    def apply(self, operation):
        """Replays one operation of the history."""
        for change in operation["changes"]:
            match change["op"]:
                case "put_node":
                    node = change["node"]
                    self.nodes[node["id"]] = {"value": node, "hash": change["hash"]}
                case "patch_node":
                    patch(self.nodes[change["id"]], change)
                case "delete_node":
                    self.nodes.pop(change["id"], None)
                case "put_edge":
                    edge = change["edge"]
                    self.edges[edge["id"]] = {"value": edge, "hash": change["hash"]}
                case "patch_edge":
                    patch(self.edges[change["id"]], change)
                case "delete_edge":
                    self.edges.pop(change["id"], None)
                case _:
                    pass  # Names, policies, grants and conflicts are not part of the sum.


def patch(entity, change):
    """Gives some fields of an entity new values and takes others away."""
    entity["hash"] = change["hash"]
    value = entity["value"]
    for field, new in change["patch"].items():
        if field == "data":
            value.setdefault("data", {}).update(new)
        elif field == "unset":
            for name in new:
                if name.startswith("data."):
                    value.get("data", {}).pop(name.removeprefix("data."), None)
                else:
                    value.pop(name, None)
        else:
            value[field] = new
