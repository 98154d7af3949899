/** What this host does: processor, memory, the fullest disk. Percent, one decimal. */
import { readFile, statfs } from "node:fs/promises";
import { cpus, freemem, networkInterfaces, totalmem } from "node:os";

const ADDRESSES_MAX = 16;
/** File systems that have something on a disk; the rest of the mounts are the kernel's own. */
const ON_DISK = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "apfs", "vfat", "ntfs"]);
const MOUNTS_MAX = 64;

const percent = (part: number): number => Math.round(Math.min(1, Math.max(0, part)) * 1_000) / 10;

/** Busy share of all processors since the last call; of the first one, since the start of the host. */
export function createCpuMeter(read: () => readonly { readonly times: Readonly<Record<string, number>> }[] = cpus) {
  let before = { busy: 0, total: 0 };
  return (): number => {
    let [total, idle] = [0, 0];
    for (const { times } of read()) {
      for (const value of Object.values(times)) total += value;
      idle += times.idle ?? 0;
    }
    const now = { busy: total - idle, total };
    const passed = now.total - before.total;
    const share = passed <= 0 ? 0 : (now.busy - before.busy) / passed;
    before = now;
    return percent(share);
  };
}

/** Used memory; what the kernel would give back at once counts as free where it says so. */
export async function memoryUsage(): Promise<number> {
  const available = await readFile("/proc/meminfo", "utf8").then(
    (text) => Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN) * 1_024,
    () => Number.NaN, // not Linux
  );
  return percent(1 - (Number.isFinite(available) ? available : freemem()) / totalmem());
}

/** Of the fullest file system that is on a disk. */
export async function diskUsage(): Promise<number> {
  const used = await Promise.all((await mountPoints()).map(usedShare));
  return percent(Math.max(0, ...used));
}

async function mountPoints(): Promise<readonly string[]> {
  const text = await readFile("/proc/mounts", "utf8").catch(() => "");
  const found = text.split("\n").flatMap((line) => {
    const [, mount, type] = line.split(" ");
    return mount !== undefined && type !== undefined && ON_DISK.has(type) ? [mount.replaceAll("\\040", " ")] : [];
  });
  return [...new Set(["/", ...found])].slice(0, MOUNTS_MAX);
}

async function usedShare(mount: string): Promise<number> {
  try {
    const { blocks, bfree, bavail } = await statfs(mount);
    const used = blocks - bfree;
    return blocks === 0 ? 0 : used / Math.max(1, used + bavail);
  } catch {
    // Not ours to read, or gone since it was listed.
    return 0;
  }
}

/** Addresses by which others may reach this host. */
export const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80"))
    .map(({ address }) => address)
    .slice(0, ADDRESSES_MAX);
