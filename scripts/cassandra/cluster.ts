import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardDirectory } from "./guard.ts";
import { cassandraClassPath } from "./jars.ts";
import { chooseAddresses, NATIVE_PORT } from "./network.ts";
import { DATA_CENTER, evenTokens, writeNodeFiles } from "./node-files.ts";
import { createNodeProcess, type NodeProcess } from "./node-process.ts";
import { waitUntilReady } from "./ready.ts";
import { findJava } from "./toolchain.ts";

export interface StartOptions {
  /** 1 unless said otherwise. Three replicate everything on 127.0.0.1 to .3, as fault tests need. */
  readonly nodes?: 1 | 3;
  /**
   * First three numbers of the addresses, such as `127.0.0`. Without it three nodes take 127.0.0.1-3 when nobody else
   * has them, and everything else a free network of the loopback range.
   */
  readonly network?: string;
}

/** One node of a running cluster. A restart keeps its data. */
export interface CassandraNode {
  readonly address: string;
  readonly port: number;
  /** `address:port`, as drivers and our configuration take it. */
  readonly contactPoint: string;
  readonly logFile: string;
  pid(): number | undefined;
  /** Starts it again and resolves when it is ready. */
  start(): Promise<void>;
  /** Clean end (SIGTERM, 2 to 5 s). */
  stop(): Promise<void>;
  /** SIGKILL: connections break at once, acknowledged writes are kept. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** A real Apache Cassandra in a directory of its own, gone without a trace after `stop()` or with this process. */
export interface CassandraCluster {
  readonly nodes: readonly CassandraNode[];
  readonly contactPoints: readonly string[];
  readonly port: number;
  readonly localDataCenter: string;
  /** From the call to ready, in milliseconds. */
  readonly startedInMs: number;
  /** Ends all nodes at once and deletes their directories. */
  stop(): Promise<void>;
}

/**
 * Starts Cassandra and resolves when each node answers queries, knows the ring, and conditional writes apply: after
 * 6 s for one node and 14 s for three on two idle cores (and 10 s more the first time, while Maven fetches the jars).
 *
 * @throws Error with the tail of the log when a node does not come up; nothing is left running then
 */
export async function startCassandra(options: StartOptions = {}): Promise<CassandraCluster> {
  const begun = performance.now();
  const count = options.nodes ?? 1;
  const [java, classPath] = [await findJava(), await cassandraClassPath()];
  const addresses = await chooseAddresses(count, options.network);
  const directory = await realpath(await mkdtemp(join(tmpdir(), "worldline-cassandra-")));
  const guard = guardDirectory(directory);
  const nodes: LaunchedNode[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.process.kill()));
    await rm(directory, { recursive: true, force: true });
    guard.dismiss();
  };
  try {
    for (const [index, initialToken] of evenTokens(count).entries()) {
      const [address, seed] = [addresses[index] ?? "", addresses[0] ?? ""];
      const home = join(directory, `node-${index + 1}`);
      await writeNodeFiles({ directory: home, address, seed, clusterName: directory, initialToken });
      nodes.push({ address, process: createNodeProcess(java, classPath, home) });
    }
    await launchAll(nodes);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    nodes: nodes.map((node) => toCassandraNode(node, count)),
    contactPoints: addresses.map(contactPoint),
    port: NATIVE_PORT,
    localDataCenter: DATA_CENTER,
    startedInMs: Math.round(performance.now() - begun),
    stop,
  };
}

interface LaunchedNode {
  readonly address: string;
  readonly process: NodeProcess;
}

const contactPoint = (address: string) => `${address}:${NATIVE_PORT}`;

async function launchAll(nodes: readonly LaunchedNode[]): Promise<void> {
  for (const node of nodes) node.process.launch();
  await Promise.all(nodes.map((node) => untilReady(node, nodes.length)));
}

async function untilReady(node: LaunchedNode, nodes: number): Promise<void> {
  const probe = { address: node.address, port: NATIVE_PORT, dataCenter: DATA_CENTER, nodes };
  await waitUntilReady({ ...probe, alive: () => node.process.pid() !== undefined }).catch(async (cause: unknown) => {
    throw new Error(`${cause instanceof Error ? cause.message : cause}\n${await node.process.logTail()}`, { cause });
  });
}

function toCassandraNode(node: LaunchedNode, nodes: number): CassandraNode {
  return {
    address: node.address,
    port: NATIVE_PORT,
    contactPoint: contactPoint(node.address),
    logFile: node.process.logFile,
    pid: () => node.process.pid(),
    async start() {
      node.process.launch();
      await untilReady(node, nodes);
    },
    stop: () => node.process.terminate(),
    kill: () => node.process.kill(),
    pause: () => node.process.suspend(),
    resume: () => node.process.resume(),
  };
}
