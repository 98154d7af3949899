import type { BeamLink, BeamRegistration } from "#server/dna/beam-ports.ts";
import { splitNodeName } from "#server/dna/codec/dist/epmd.ts";
import { charlistOf, type Term } from "#server/dna/codec/etf/term.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { jitteredBackOff, REFUSED_MS } from "./back-off.ts";
import { type ConnectionEnd, type NodeConnection, serveConnection } from "./connection.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { dial } from "./dial.ts";
import { askEpmd } from "./epmd-client.ts";
import { CONNECT_TIMEOUT_MS, IDLE_MS, OPEN_MAX, type RemoteNodesOptions } from "./options.ts";
import { createPlaces } from "./places.ts";
import type { RemoteCall, RemoteCallOptions, RemoteNodes } from "./remote-nodes.ts";
import { DialFailure } from "./sockets.ts";

/** Names of nodes that are remembered with what went wrong; beyond it the one that was asked longest ago is forgotten. */
const NODES_MAX = 10_000;
/** Port mappers that are asked at the same time. */
const EPMD_QUESTIONS_MAX = 64;
const SWEEPS_PER_IDLE = 8;
const RELEASE_TIMEOUT_MS = 5_000;

interface Trouble {
  readonly kind: "unreachable" | "refused";
  readonly reason: string;
  /** By the monotonic clock; no attempt before it. */
  readonly until: number;
}

interface Entry {
  connection: NodeConnection | null;
  connecting: Promise<NodeConnection> | null;
  /** Calls that wait for it to be connected. */
  interested: number;
  trouble: Trouble | null;
  /** Attempts and connections in a row that came to nothing. */
  failures: number;
  otpRelease: string | null;
}

/** Opens nothing by itself. Nodes are connected to when something is asked of them. */
export function createRemoteNodes(options: RemoteNodesOptions): RemoteNodes {
  return new NodePool(options);
}

class NodePool implements RemoteNodes {
  private readonly options: RemoteNodesOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly closed = new AbortController();
  private readonly places: ReturnType<typeof createPlaces>;
  private readonly questions = createPlaces(EPMD_QUESTIONS_MAX, () => false);
  private sweeping = false;

  constructor(options: RemoteNodesOptions) {
    this.options = options;
    this.places = createPlaces(options.openMax ?? OPEN_MAX, () => this.endIdlest());
  }

  async call(node: string, call: RemoteCall, { timeoutMs, signal }: RemoteCallOptions): Promise<Term> {
    const deadline = startDeadline(this.options.clock, timeoutMs, signal);
    try {
      for (;;) {
        const connection = await this.connected(node, deadline);
        // Another node may have needed its place just now: then it waits for one again.
        if (!connection.isOver) return await connection.call(call, deadline);
      }
    } finally {
      deadline.clear();
    }
  }

  link(node: string): BeamLink {
    const entry = this.entries.get(node);
    if (entry === undefined) return { kind: "idle" };
    if (entry.connection !== null) return { kind: "connected", otpRelease: entry.otpRelease };
    if (entry.trouble === null) return { kind: "idle" };
    const { kind, reason, until } = entry.trouble;
    return { kind, reason, retryInMs: Math.max(0, Math.ceil(until - this.options.clock.monotonic())) };
  }

  async registration(node: string): Promise<BeamRegistration> {
    const parts = splitNodeName(node);
    const { reach } = this.options;
    if (parts === null) return { kind: "unknown", reason: `${node} is no name of a node` };
    if (reach.kind === "fixed") return { kind: "unknown", reason: "the nodes are reached without a port mapper" };
    try {
      await this.questions.take();
    } catch (cause) {
      return { kind: "unknown", reason: messageOf(cause) };
    }
    try {
      return await askEpmd(this.options.clock, { ...parts, port: reach.port });
    } finally {
      this.questions.leave();
    }
  }

  async close(): Promise<void> {
    this.closed.abort();
    for (const { connection } of this.entries.values()) connection?.end({ kind: "closed", reason: "the console ends" });
    const ends = new OpsError("cancelled", "the console ends", { details: { sent: false } });
    for (const line of [this.places, this.questions]) line.close(ends);
  }

  private async connected(node: string, deadline: Deadline): Promise<NodeConnection> {
    const not = { details: { sent: false } };
    if (this.closed.signal.aborted) throw new OpsError("cancelled", `${node}: connections have been closed`, not);
    if (deadline.signal.aborted) throw deadline.error(node, "before it began", false);
    const entry = this.entry(node);
    if (entry.connection !== null) return entry.connection;
    const waitMs = (entry.trouble?.until ?? 0) - this.options.clock.monotonic();
    if (entry.trouble !== null && waitMs > 0 && entry.connecting === null) {
      const seconds = Math.ceil(waitMs / 1_000);
      throw new OpsError("refused", `${node}: ${entry.trouble.reason}; tried again in ${seconds} s`, not);
    }
    entry.connecting ??= this.connect(node, entry).finally(() => {
      entry.connecting = null;
    });
    return this.awaited(node, entry, entry.connecting, deadline);
  }

  private async awaited(
    node: string,
    entry: Entry,
    connecting: Promise<NodeConnection>,
    deadline: Deadline,
  ): Promise<NodeConnection> {
    entry.interested += 1;
    let onOver = (): void => undefined;
    const over = new Promise<never>((_resolve, reject) => {
      onOver = () => reject(deadline.error(node, "while connecting", false));
      deadline.signal.addEventListener("abort", onOver, { once: true });
    });
    try {
      return await Promise.race([connecting, over]);
    } finally {
      entry.interested -= 1;
      deadline.signal.removeEventListener("abort", onOver);
    }
  }

  private async connect(node: string, entry: Entry): Promise<NodeConnection> {
    await this.places.take();
    try {
      return await this.open(node, entry);
    } catch (cause) {
      this.places.leave();
      throw cause;
    }
  }

  private async open(node: string, entry: Entry): Promise<NodeConnection> {
    if (entry.interested === 0) throw new OpsError("cancelled", `${node}: nobody waits`, { details: { sent: false } });
    const deadline = startDeadline(this.options.clock, CONNECT_TIMEOUT_MS, this.closed.signal);
    try {
      const dialled = await dial(this.options, node, deadline.signal);
      const connection = serveConnection(this.options, dialled, {
        ended: (end) => this.ended(node, entry, end),
        idle: () => this.places.spared(),
      });
      entry.connection = connection;
      this.options.log.debug("beam.connected", { node });
      void this.learnRelease(entry, connection);
      void this.sweep();
      return connection;
    } catch (cause) {
      const kind = cause instanceof DialFailure ? cause.kind : "unreachable";
      const reason = messageOf(cause);
      if (!this.closed.signal.aborted) this.fail(node, entry, kind, reason);
      throw new OpsError("upstream-unavailable", `${node}: ${reason}`, { cause, details: { sent: false } });
    } finally {
      deadline.clear();
    }
  }

  private ended(node: string, entry: Entry, end: ConnectionEnd): void {
    entry.connection = null;
    entry.otpRelease = null;
    this.places.leave();
    if (end.kind === "lost") this.fail(node, entry, "unreachable", end.reason);
    else this.options.log.debug("beam.closed", { node, reason: end.reason });
  }

  private fail(node: string, entry: Entry, kind: Trouble["kind"], reason: string): void {
    const now = this.options.clock.monotonic();
    const waitMs =
      kind === "refused" ? REFUSED_MS : jitteredBackOff(entry.failures, (this.options.random ?? Math.random)());
    const told = entry.trouble?.kind === kind && entry.failures > 0;
    entry.failures += 1;
    entry.trouble = { kind, reason, until: now + waitMs };
    // Of a thousand nodes that stay away, once each.
    this.options.log[told ? "debug" : "warn"](`beam.${kind}`, { node, reason, retryInMs: Math.round(waitMs) });
  }

  /** The first answer: from then on the node counts as well. */
  private async learnRelease(entry: Entry, connection: NodeConnection): Promise<void> {
    const deadline = startDeadline(this.options.clock, RELEASE_TIMEOUT_MS, this.closed.signal);
    const ask = { module: "erlang", function: "system_info", args: [{ type: "atom", name: "otp_release" }] } as const;
    try {
      const release = charlistOf(await connection.call(ask, deadline));
      if (entry.connection !== connection) return;
      entry.otpRelease = release !== null && RELEASE.test(release) ? release : null;
      entry.trouble = null;
      entry.failures = 0;
    } catch (cause) {
      this.options.log.debug("beam.release_unknown", { node: connection.node, reason: messageOf(cause) });
    } finally {
      deadline.clear();
    }
  }

  private entry(node: string): Entry {
    const known = this.entries.get(node);
    const entry = known ?? newEntry();
    if (known !== undefined) this.entries.delete(node);
    this.entries.set(node, entry); // asked last = last in the map
    if (this.entries.size > NODES_MAX) this.forgetOne();
    return entry;
  }

  private forgetOne(): void {
    for (const [node, { connection, connecting }] of this.entries) {
      if (connection !== null || connecting !== null) continue;
      this.entries.delete(node);
      return;
    }
  }

  /** Makes a place by ending the connection that has been idle longest; false when all are in use. */
  private endIdlest(): boolean {
    let idlest: NodeConnection | null = null;
    for (const { connection } of this.entries.values()) {
      const since = connection?.idleSince ?? null;
      if (connection !== null && since !== null && since < (idlest?.idleSince ?? Number.POSITIVE_INFINITY))
        idlest = connection;
    }
    idlest?.end({ kind: "closed", reason: "another node needs the place" });
    return idlest !== null;
  }

  /** Ends what has been idle for too long, for as long as there is anything. */
  private async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    const { clock, idleMs = IDLE_MS } = this.options;
    const open = (): NodeConnection[] => [...this.entries.values()].flatMap(({ connection }) => connection ?? []);
    while (open().length > 0 && !this.closed.signal.aborted) {
      await clock.sleep(idleMs / SWEEPS_PER_IDLE, this.closed.signal).catch(() => undefined);
      const now = clock.monotonic();
      for (const connection of open()) {
        if (connection.idleSince !== null && now - connection.idleSince >= idleMs) {
          connection.end({ kind: "closed", reason: "idle" });
        }
      }
    }
    this.sweeping = false;
  }
}

const RELEASE = /^[0-9A-Za-z._-]{1,20}$/;

const newEntry = (): Entry => ({
  connection: null,
  connecting: null,
  interested: 0,
  trouble: null,
  failures: 0,
  otpRelease: null,
});
