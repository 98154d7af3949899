import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-actors.ts";
import { STORAGE_VALUE_MAX_BYTES } from "#server/contract/wire/dna-actors.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { explainKey, ownerRow } from "./actor-explain.ts";
import { askNodes, doubledOf, lookAtOwner, NO_BEAM, toLiveView } from "./actor-live.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type ActorKey, type Incarnation, parseIncarnationId } from "./domain/identity.ts";
import { toActorView } from "./node-view.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";
import { fromBase64, toBase64, toStorageRow, toValueView } from "./storage-view.ts";

/** What can be asked about one key: of the register, of its storage, and of the nodes. Nothing here changes anything. */
export function createActorsService(deps: {
  readonly sources: readonly DnaSource[];
  readonly clock: Clock;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, masks = DEFAULT_MASK_RULES } = deps;

  return {
    async explain(caller: Caller, input: WireIn<typeof wire.explainInput>): WireOut<typeof wire.explainOutput> {
      const source = sourceFor(caller, sources, input.source);
      const key = toActorKey(input);
      const row = await source.actors.look(key);
      const entry = input.entry === null ? null : incarnationOf(input.entry);
      const explained = await explainKey(source, key, row, entry, () => clock.now());
      return { ...asOfNow(clock, source), actor: row === null ? null : toActorView(source, row), ...explained };
    },

    async live(caller: Caller, input: WireIn<typeof wire.liveInput>): WireOut<typeof wire.liveOutput> {
      const source = sourceFor(caller, sources, input.source);
      const key = toActorKey(input);
      const [row, writtenAt] = await Promise.all([source.actors.look(key), source.store.ownerWrittenAt(key)]);
      const owner = ownerRow(row);
      const look = await lookAtOwner(source, key, owner.kind === "owned" ? owner.owner : null);
      return {
        ...asOfNow(clock, source),
        ownerWrittenAt: writtenAt === null ? null : toIso(writtenAt),
        live: toLiveView(look),
        evaluate: source.beam?.evaluate ?? false,
        doubled: doubledOf(source, key),
      };
    },

    async onNodes(caller: Caller, input: WireIn<typeof wire.onNodesInput>): WireOut<typeof wire.onNodesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const key = toActorKey(input);
      const beam = requireBeam(source);
      const owner = ownerRow(await source.actors.look(key));
      const { nodes, notAsked } = await askNodes(source, beam, key, owner.kind === "owned" ? owner.owner : null);
      return { ...asOfNow(clock, source), nodes: [...nodes], notAsked };
    },

    async storage(caller: Caller, input: WireIn<typeof wire.storageInput>): WireOut<typeof wire.storageOutput> {
      const source = sourceFor(caller, sources, input.source);
      const after = input.after === null ? null : fromBase64(input.after);
      const page = await source.store.storageRows(toActorKey(input), after, input.limit);
      return {
        ...asOfNow(clock, source),
        rows: page.rows.map(toStorageRow),
        nextAfter: page.nextAfter === null ? null : toBase64(page.nextAfter),
      };
    },

    async storageValue(
      caller: Caller,
      input: WireIn<typeof wire.storageValueInput>,
    ): WireOut<typeof wire.storageValueOutput> {
      const source = sourceFor(caller, sources, input.source);
      const key = fromBase64(input.key);
      const value = await source.store.storageValue(toActorKey(input), key, STORAGE_VALUE_MAX_BYTES);
      return { ...asOfNow(clock, source), value: toValueView(value, masks, STORAGE_VALUE_MAX_BYTES) };
    },
  };
}

/** @throws OpsError `refused` where the nodes cannot be asked */
export function requireBeam(source: DnaSource): DnaBeam {
  if (source.beam === null) throw new OpsError("refused", NO_BEAM, { reasons: [NO_BEAM] });
  return source.beam;
}

export const toActorKey = ({ namespace, moduleId, name }: ActorKey): ActorKey => ({ namespace, moduleId, name });

/** @throws OpsError `invalid-input` */
export function incarnationOf(text: string): Incarnation {
  const incarnation = parseIncarnationId(text);
  if (incarnation === null) throw new OpsError("invalid-input", "incarnation: must be <created_at ms>:<id>");
  return incarnation;
}
