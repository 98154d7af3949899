import type { ActorKey } from "#server/dna/domain/identity.ts";
import { toActorTypeId } from "#server/dna/domain/identity.ts";
import type { StoragePage, StorageRow, StorageValue } from "#server/dna/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { mix32 } from "./random.ts";

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly size: number | null;
  readonly writtenAt: EpochMs | null;
}

/**
 * What the simulated actors have written. What a key holds at first is a function of its name, so that hundreds of
 * thousands of them take no memory; what was written since is kept beside it.
 */
export interface SimulatedStorage {
  page(key: ActorKey, after: Uint8Array | null, limit: number): StoragePage;
  value(key: ActorKey, storageKey: Uint8Array, maxBytes: number): StorageValue | null;
  write(key: ActorKey, row: Pick<Entry, "key" | "value" | "size">): void;
}

export interface SimulatedStorageOptions {
  /** Whether this key is one of those that have a past. */
  readonly has: (key: ActorKey) => boolean;
  readonly now: () => EpochMs;
  readonly seed: number;
}

const HOUR_MS = 3_600_000;
const ENCODER = new TextEncoder();
const CITIES = ["Aarhus", "Bergen", "Córdoba", "Dakar", "Esbjerg", "Fès", "Gdańsk", "Hội An"];

export function createSimulatedStorage({ has, now, seed }: SimulatedStorageOptions): SimulatedStorage {
  const written = new Map<string, Map<string, Entry>>();
  const bornAt = now();
  const textOf = (key: ActorKey): string => `${toActorTypeId(key)}|${key.name}`;
  const compare = (a: Entry, b: Entry): number => Buffer.compare(a.key, b.key);

  function entriesOf(key: ActorKey): readonly Entry[] {
    const own = written.get(textOf(key)) ?? new Map<string, Entry>();
    const base = has(key) ? baseOf(key, seed, bornAt).filter((entry) => !own.has(hexOf(entry.key))) : [];
    return [...base, ...own.values()].sort(compare);
  }

  return {
    page(key, after, limit) {
      const behind = entriesOf(key).filter((entry) => after === null || Buffer.compare(entry.key, after) > 0);
      const rows = behind
        .slice(0, limit)
        .map(({ key: bytes, size, writtenAt }): StorageRow => ({ key: bytes, size, writtenAt }));
      return { rows, nextAfter: behind.length > limit ? (rows.at(-1)?.key ?? null) : null };
    },
    value(key, storageKey, maxBytes) {
      const entry = entriesOf(key).find((each) => hexOf(each.key) === hexOf(storageKey));
      if (entry === undefined) return null;
      if (entry.size !== null && entry.size > maxBytes) return { kind: "too-large", size: entry.size };
      if (entry.value === null) return { kind: "empty" };
      if (entry.value.length > maxBytes) return { kind: "too-large", size: entry.value.length };
      return { kind: "value", bytes: entry.value, writtenAt: entry.writtenAt };
    },
    write(key, row) {
      const own = written.get(textOf(key)) ?? new Map<string, Entry>();
      own.set(hexOf(row.key), { ...row, writtenAt: row.value === null ? null : now() });
      written.set(textOf(key), own);
    },
  };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A few entries in the forms that applications use: JSON, plain text, and bytes of their own. */
function baseOf(key: ActorKey, seed: number, bornAt: EpochMs): readonly Entry[] {
  const hash = mix32([...key.name].reduce((sum, letter) => mix32(sum ^ (letter.codePointAt(0) ?? 0)), seed));
  const entry = (name: string, value: Uint8Array, salt: number): Entry => ({
    key: ENCODER.encode(name),
    value,
    size: value.length,
    writtenAt: epochMs(bornAt - (mix32(hash ^ salt) % (6 * HOUR_MS))),
  });
  const state = {
    version: 3,
    name: key.name,
    region: CITIES[hash % CITIES.length] ?? "",
    visits: hash % 10_000,
    weather: { celsius: (hash % 400) / 10 - 5, wind: { metersPerSecond: (hash % 170) / 10, from: hash % 360 } },
    tags: ["durable", ...(hash % 3 === 0 ? ["pinned"] : [])],
    session_token: `demo-${hash.toString(16)}`,
  };
  const journal = Array.from(
    { length: 4 + (hash % 6) },
    (_each, index) => `${index + 1}\tvisit ${mix32(hash + index) % 997}`,
  );
  const cells = Uint8Array.from({ length: 48 + (hash % 80) }, (_each, index) => mix32(hash + index) & 0xff);
  return [
    entry("cells", cells, 1),
    entry("journal", ENCODER.encode(`${journal.join("\n")}\n`), 2),
    entry("state", ENCODER.encode(JSON.stringify(state)), 3),
  ];
}
