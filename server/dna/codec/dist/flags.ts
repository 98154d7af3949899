/**
 * What nodes tell each other they can do.
 * Source: Erlang/OTP 25 erts/doc/src/erl_dist_protocol.xml, "Distribution Flags".
 */
export const DIST_FLAG = {
  published: 0x1n,
  extendedReferences: 0x4n,
  distMonitor: 0x8n,
  funTags: 0x10n,
  distMonitorName: 0x20n,
  newFunTags: 0x80n,
  extendedPidsPorts: 0x100n,
  exportPtrTag: 0x200n,
  bitBinaries: 0x400n,
  newFloats: 0x800n,
  utf8Atoms: 0x1_0000n,
  mapTag: 0x2_0000n,
  bigCreation: 0x4_0000n,
  exitPayload: 0x40_0000n,
  handshake23: 0x100_0000n,
  unlinkId: 0x200_0000n,
  spawn: 1n << 32n,
  v4Nc: 1n << 34n,
} as const;

/**
 * What we say of ourselves: all that OTP 25 and 26 demand, and what `erpc` needs. Without `published` we are a hidden node:
 * in nobody's `nodes()`, and no part of global names. Without the atom cache and fragments each frame stands alone.
 * OTP 25 tells who watches of an end only where `distMonitorName` stands beside `distMonitor` (seen on a real node).
 */
export const OWN_FLAGS: bigint =
  DIST_FLAG.extendedReferences |
  DIST_FLAG.distMonitor |
  DIST_FLAG.distMonitorName |
  DIST_FLAG.funTags |
  DIST_FLAG.newFunTags |
  DIST_FLAG.extendedPidsPorts |
  DIST_FLAG.exportPtrTag |
  DIST_FLAG.bitBinaries |
  DIST_FLAG.newFloats |
  DIST_FLAG.utf8Atoms |
  DIST_FLAG.mapTag |
  DIST_FLAG.bigCreation |
  DIST_FLAG.exitPayload |
  DIST_FLAG.handshake23 |
  DIST_FLAG.unlinkId |
  DIST_FLAG.spawn |
  DIST_FLAG.v4Nc;

/** Without these of the other side we would not understand each other. */
export const NEEDED_FLAGS: bigint =
  DIST_FLAG.handshake23 | DIST_FLAG.utf8Atoms | DIST_FLAG.bigCreation | DIST_FLAG.mapTag | DIST_FLAG.newFloats;
