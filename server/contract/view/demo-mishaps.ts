/** What the demo can let befall a DNA cluster, in operators' words: one closed list for the wire and the menu. */

interface Mishap {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  /** What happens, and what the console is to show then. */
  readonly says: string;
}

/** Of one node. */
export const NODE_MISHAPS = [
  {
    id: "stop",
    group: "It ends",
    label: "Stop its VM in order",
    says: "Its name is no longer registered, so its death is proven; DNA itself is told nothing, and its row stays until a peer deletes it.",
  },
  {
    id: "cut-database",
    group: "It ends",
    label: "Cut it off from the database",
    says: "Its refresh fails after 30 s, and its VM ends: late, then gone.",
  },
  {
    id: "pause-15",
    group: "It stands still",
    label: "Pause it for 15 s",
    says: "Its peers take its keys over; it wakes up with a valid cache and goes on serving them for up to a minute: doubled actors.",
  },
  {
    id: "pause-40",
    group: "It stands still",
    label: "Pause it for 40 s",
    says: "Gone, then returned under the same identity, with a cache that soon expires.",
  },
  {
    id: "pause-90",
    group: "It stands still",
    label: "Pause it for 90 s",
    says: "Presumed dead after 75 s, as it is registered and does not answer; then it returns.",
  },
  {
    id: "suspend-60",
    group: "It stands still",
    label: "Suspend it for 60 s, clock and all",
    says: "As a hypervisor does: afterwards it has not noticed anything, and fences nothing.",
  },
  {
    id: "hang",
    group: "It stands still",
    label: "Hang its cluster worker",
    says: "Gone by the database, and its VM answers under its identity: a zombie, never releasable.",
  },
  {
    id: "slow-clock",
    group: "Its clocks",
    label: "Let its clock run at half speed for 5 min",
    says: "It beats every 10 s: late now and then. The health page tells its clock as slow.",
  },
  {
    id: "wall-ahead",
    group: "Its clocks",
    label: "Restart it 15 s ahead",
    says: "Requests for its new keys fail at nodes that have not met it yet. The console judges beats and is not misled.",
  },
  {
    id: "wall-behind",
    group: "Its clocks",
    label: "Restart it 15 s behind",
    says: "Until its peers have listed it they hold it for dead, and take its new keys.",
  },
  {
    id: "alias",
    group: "Its clocks",
    label: "Let a peer miss its beat by a hair",
    says: "Both are healthy, and for a tenth of a second one holds the other for dead: keys change hands while their owner beats.",
  },
  {
    id: "twin",
    group: "Its name",
    label: "Start a second VM of its name",
    says: "Both beat: a name conflict. Neither is ever releasable.",
  },
  {
    id: "poison",
    group: "Its actors",
    label: "Let one of its actors crash again and again",
    says: "After the fourth crash within 5 s every actor of the node ends at once: its count drops to 0.",
  },
  {
    id: "poison-worker",
    group: "Its actors",
    label: "The same, until its worker is replaced too",
    says: "The same VM beats as a new incarnation; the old one is superseded.",
  },
] as const satisfies readonly Mishap[];

/** Of a whole cluster. */
export const CLUSTER_MISHAPS = [
  {
    id: "hot-actor",
    group: "Its actors",
    label: "Make one actor hot for 90 s",
    says: "It gets more than it can write: its backlog is in its buffer, while its mailbox stays empty.",
  },
  {
    id: "rolling-restart",
    group: "Its nodes",
    label: "Restart its nodes one after the other",
    says: "One every 25 s: each is superseded by its next life.",
  },
  {
    id: "stop-all",
    group: "Its nodes",
    label: "End all its nodes at once",
    says: "Nobody is left to delete rows: every node stays in the table, silent.",
  },
  {
    id: "start-all",
    group: "Its nodes",
    label: "Start all that have ended",
    says: "Each as a new incarnation.",
  },
  {
    id: "end-twins",
    group: "Its nodes",
    label: "End every second VM of a name",
    says: "The name conflicts go.",
  },
  {
    id: "other-cluster",
    group: "Its keyspace",
    label: "Start another cluster on its keyspace",
    says: "Two nodes that hold every owner here for dead, and take their keys. Nothing is releasable meanwhile.",
  },
  {
    id: "end-other-cluster",
    group: "Its keyspace",
    label: "End the other cluster",
    says: "Its rows stay for ever.",
  },
  {
    id: "database-away",
    group: "Its database",
    label: "Take the region's database away for 20 s",
    says: "Nothing is judged over the gap. Nodes halt, as DNA's do, at the first message for another's key once their refresh is 10 s old: start them again.",
  },
] as const satisfies readonly Mishap[];

export type NodeMishapId = (typeof NODE_MISHAPS)[number]["id"];
export type ClusterMishapId = (typeof CLUSTER_MISHAPS)[number]["id"];

/** Their ids, in order. */
export const NODE_MISHAP_IDS = NODE_MISHAPS.map(({ id }) => id);
export const CLUSTER_MISHAP_IDS = CLUSTER_MISHAPS.map(({ id }) => id);
