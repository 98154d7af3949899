import type { Collector } from "./agent.ts";
import { createCpuMeter, diskUsage, memoryUsage } from "./host-figures.ts";

/** Measures this very host. */
export function createHostCollector(everyMs: number): Collector {
  const cpu = createCpuMeter();
  return {
    everyMs,
    async measure() {
      const [memory, disk] = await Promise.all([memoryUsage(), diskUsage()]);
      const body = { cpu_load: cpu(), memory_usage: memory, disk_usage: disk };
      return [{ type: "system_metrics", kind: "statistics", body }];
    },
  };
}
