import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { type CassandraCluster, startCassandra } from "#scripts/cassandra/cluster.ts";
import type { SharedCassandra } from "./shared-cassandra.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Unix socket that answers with the shared Cassandra, starting it for the first who asks. */
    readonly cassandraSocket: string;
  }
}

/**
 * One Cassandra for all test files of a run, started when the first of them asks for it ({@link sharedCassandra}), so
 * that runs without such a file do not pay for it. Stopped at the end of the run.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), "worldline-shared-"));
  const socket = join(directory, "cassandra.sock");
  let starting: Promise<CassandraCluster> | undefined;

  const server = createServer((_request, response) => {
    starting ??= startCassandra({ nodes: 1 });
    starting.then(
      ({ contactPoints, localDataCenter }) => {
        const answer: SharedCassandra = { contactPoints, localDataCenter };
        response.end(JSON.stringify(answer));
      },
      (cause: unknown) => response.writeHead(500).end(cause instanceof Error ? cause.message : String(cause)),
    );
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  project.provide("cassandraSocket", socket);

  return async () => {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
    const cluster = await starting?.catch(() => undefined); // a failed start was told to every test that asked
    await cluster?.stop();
  };
}
