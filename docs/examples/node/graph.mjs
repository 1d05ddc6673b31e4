// A copy of a graph that is kept by applying what the server says.
//
// Each node and edge comes with a hash. The server's checksum is the sum of all hashes, modulo
// 2^64: whoever has the same sum has the same graph, and need not know how an entity is hashed.

export class Graph {
  nodes = new Map();
  edges = new Map();

  /** The sum as it stands on the wire: 16 hexadecimal digits. */
  checksum() {
    let sum = 0n;
    for (const entities of [this.nodes, this.edges]) {
      for (const { hash } of entities.values()) sum += BigInt(`0x${hash}`);
    }
    return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
  }

  /** Takes one chunk of a full state in. */
  load({ nodes, edges }) {
    for (const { node, hash } of nodes) this.nodes.set(node.id, { value: node, hash });
    for (const { edge, hash } of edges) this.edges.set(edge.id, { value: edge, hash });
  }

  /** Replays one operation of the history. */
  apply(operation) {
    for (const change of operation.changes) {
      switch (change.op) {
        case 'put_node':
          this.nodes.set(change.node.id, { value: change.node, hash: change.hash });
          break;
        case 'patch_node':
          patch(this.nodes.get(change.id), change);
          break;
        case 'delete_node':
          this.nodes.delete(change.id);
          break;
        case 'put_edge':
          this.edges.set(change.edge.id, { value: change.edge, hash: change.hash });
          break;
        case 'patch_edge':
          patch(this.edges.get(change.id), change);
          break;
        case 'delete_edge':
          this.edges.delete(change.id);
          break;
        default: // Names, policies, grants and conflicts are not part of the sum.
      }
    }
  }
}

/** Gives some fields of an entity new values and takes others away. */
function patch(entity, { patch: fields, hash }) {
  entity.hash = hash;
  const { data = {}, unset = [], ...others } = fields;
  Object.assign(entity.value, others);
  entity.value.data = { ...entity.value.data, ...data };
  for (const field of unset) {
    if (field.startsWith('data.')) delete entity.value.data[field.slice('data.'.length)];
    else delete entity.value[field];
  }
}
