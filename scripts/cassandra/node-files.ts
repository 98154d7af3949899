import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NATIVE_PORT, STORAGE_PORT } from "./network.ts";

export const DATA_CENTER = "dc1";

export interface NodePlan {
  readonly directory: string;
  readonly address: string;
  readonly seed: string;
  readonly clusterName: string;
  /** The node's one place on the ring. */
  readonly initialToken: bigint;
}

/** Writes everything a node reads: its configuration beside its (still empty) data. */
export async function writeNodeFiles(plan: NodePlan): Promise<void> {
  await mkdir(join(plan.directory, "tmp"), { recursive: true });
  const template = await readFile(join(import.meta.dirname, "cassandra.yaml"), "utf8");
  await writeFile(join(plan.directory, "cassandra.yaml"), fillIn(template, plan));
  await writeFile(join(plan.directory, "cassandra-rackdc.properties"), `dc=${DATA_CENTER}\nrack=rack1\n`);
  await copyFile(join(import.meta.dirname, "logback.xml"), join(plan.directory, "logback.xml"));
}

function fillIn(template: string, plan: NodePlan): string {
  const values: Readonly<Record<string, string>> = {
    clusterName: plan.clusterName,
    initialToken: plan.initialToken.toString(),
    seeds: `${plan.seed}:${STORAGE_PORT}`,
    address: plan.address,
    storagePort: String(STORAGE_PORT),
    nativePort: String(NATIVE_PORT),
    directory: plan.directory,
  };
  return template.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`cassandra.yaml asks for ${whole}, which nobody gives`);
    return value;
  });
}

/** `count` tokens that cut the ring of Murmur3 (all signed 64-bit numbers) into equal parts. */
export function evenTokens(count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, index) => -(2n ** 63n) + (2n ** 64n * BigInt(index)) / BigInt(count));
}
