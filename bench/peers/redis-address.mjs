// Where Redis is: `redis+unix:///path?pass=…`, the form in which the bench passes it on.

export function redisAddress(text) {
  const url = new URL(text);
  const password = url.searchParams.get("pass") ?? undefined;
  return { path: decodeURIComponent(url.pathname), password };
}

// Says on which port the server listens; the bench waits for this line.
export function announce(port) {
  process.stdout.write(`listening ${port}\n`);
}
