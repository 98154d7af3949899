import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { suspendProcess } from "./suspend.ts";

const COUNTS = `
const { Worker } = require("node:worker_threads");
const shared = new Int32Array(new SharedArrayBuffer(4));
new Worker('for (;;) Atomics.add(require("node:worker_threads").workerData, 0, 1)', { eval: true, workerData: shared });
process.stdin.on("data", () => process.stdout.write(Atomics.load(shared, 0) + "\\n"));
process.stdout.write("ready\\n");
`;

it("a suspended process answers nobody, with none of its threads, and goes on when it is let", async () => {
  const child = spawn(process.execPath, ["-e", COUNTS], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  suspendProcess(pid);
  const answer = once(child.stdout, "data").then(() => "answered");
  child.stdin.write("?");
  const silence = new Promise((resolve) => setTimeout(resolve, 50, "silent"));
  expect(await Promise.race([answer, silence])).toBe("silent");
  process.kill(pid, "SIGCONT");
  expect(await answer).toBe("answered");
  child.kill("SIGKILL");
});

it("says that a process is not there", () => {
  expect(() => suspendProcess(2 ** 22 + 1)).toThrow(/ESRCH/);
});
