// @vitest-environment happy-dom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderInConsole, TEST_NOW } from "#components/ui/render.test-kit.tsx";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { groupsOf, originText, type Setting } from "./configuration-groups.ts";
import { SettingsPage } from "./settings-page.tsx";

const setting = (key: string, value: string | null, origin: Setting["origin"], isDefault = true): Setting => ({
  ...{ key, value, origin, isDefault, meaning: `What \`${key}\` means.` },
});
const SETTINGS = [
  setting("listen.port", "4000", "file", false),
  setting("journal.keepDays", "30", "default"),
  setting("limits.bulkOperator", "500", "file"),
  setting("dna[0].id", "eu-1", "file", false),
  setting("novel.key", null, "unset"),
];
const STARTED = new Date(TEST_NOW - 3_600_000).toISOString();
const ABOUT = {
  ...{ version: "0.1.0", build: "b1", licence: "Apache-2.0", node: "v24.0.0", startedAt: STARTED },
  journal: { store: "scylla", role: "follower", writer: "ops-2" },
};
const ANSWER = {
  asOf: STARTED,
  mine: { sources: ["us-9"], tokenId: "tok_1" },
  permissions: [
    { permission: "session:open", least: null, sends: false },
    { permission: "plans:resume", least: "operator", sends: true },
    { permission: "dna:failover", least: "admin", sends: true },
  ],
  about: ABOUT,
};

interface Shown {
  readonly role?: "viewer" | "admin";
  readonly readOnly?: boolean;
  readonly past?: object;
  readonly settings?: readonly Setting[];
}

function show({ role = "admin", readOnly = false, past, settings = SETTINGS }: Shown = {}) {
  const held = {
    by: { user: "mira", role: "admin" as const, address: "::1", reason: "Something acts" },
    since: epochMs(TEST_NOW),
  };
  return renderInConsole(<SettingsPage />, {
    ...{
      role,
      permissions: role === "admin" ? ["configuration:read", "safety:read-only", "plans:resume"] : ["estate:read"],
    },
    folds: { operator: { ...EMPTY_OPERATOR, readOnly: readOnly ? held : null } },
    ...(past === undefined ? {} : { past }),
    procedures: {
      "settings.get": () => ANSWER,
      "admin.configuration": () => ({ file: "/etc/w.yaml", text: "", settings, leftOut: 0 }),
    },
  });
}

describe("keys of the configuration", () => {
  it("stand under their sections in the order of the file, one of another version under its own name", () => {
    expect(groupsOf(SETTINGS, "", false).map(({ title, settings }) => [title, settings.length])).toEqual([
      ...[
        ["Where it answers", 1],
        ["Journal and retention", 1],
        ["Limits", 1],
        ["DNA clusters", 1],
        ["novel", 1],
      ],
    ]);
  });

  it("are found by every word of key, value or meaning, and left out where they are as by default", () => {
    const keys = (text: string, changed = false) =>
      groupsOf(SETTINGS, text, changed).flatMap(({ settings }) => settings.map(({ key }) => key));
    expect(keys("MEANS dna")).toEqual(["dna[0].id"]);
    expect(keys("4000")).toEqual(["listen.port"]);
    expect(keys("", true)).toEqual(["listen.port", "dna[0].id"]);
    expect(keys("nothing says this")).toEqual([]);
  });

  it("say where they come from", () => {
    expect(SETTINGS.map(originText)).toEqual(["file", "default", "file, as by default", "file", "left out"]);
    expect(originText({ origin: "command-line", isDefault: false })).toBe("command line");
  });
});

describe("the page of settings", () => {
  it("tells who one is, which sources one sees, and what each permission means", async () => {
    show();
    expect(await screen.findByText("tok_1")).toBeDefined();
    expect(screen.getByText("us-9")).toBeDefined();
    const mine = screen.getByRole("list", { name: "What I may do" });
    expect(mine.textContent).toContain("Resume a plan");
    expect(screen.getByRole("button", { name: "Log out" })).toBeDefined();
  });

  it("tells which role holds which permission, and what the brake takes away", async () => {
    show();
    const table = await screen.findByRole("table", { name: "Permissions by role" });
    const rowOf = (name: RegExp) =>
      within(within(table).getByRole("row", { name }))
        .getAllByRole("cell")
        .map(({ textContent }) => textContent);
    expect(rowOf(/^Resume a plan/)).toEqual(["plans:resume", "no", "yes", "yes", "off"]);
    expect(rowOf(/^Give the keys/)).toEqual(["dna:failover", "no", "no", "yes", "off"]);
    expect(rowOf(/^Ask who/)).toEqual(["session:open", "yes", "yes", "yes", "goes on"]);
  });

  it("shows an administrator the configuration with its file, and nothing but its search changes it", async () => {
    show();
    const table = await screen.findByRole("table", { name: "Configuration" });
    expect(table.textContent).toContain("listen.port");
    expect(screen.getByText("/etc/w.yaml")).toBeDefined();
    fireEvent.click(screen.getByRole("button", { name: "Not as by default" }));
    await waitFor(() => expect(table.textContent).not.toContain("keepDays"));
    expect(within(table).queryAllByRole("textbox")).toEqual([]);
  });

  it("says where the routes in force are told, only where there is a gateway that reads them again", async () => {
    const { unmount } = show();
    await screen.findByRole("table", { name: "Configuration" });
    expect(screen.queryByRole("link", { name: "Pipeline" })).toBeNull();
    unmount();
    show({ settings: [...SETTINGS, setting("ingest.id", "agents", "default")] });
    expect(await screen.findByRole("link", { name: "Pipeline" })).toBeDefined();
  });

  it("asks for no configuration on behalf of those who may not see it, and says what it takes", async () => {
    const { asked } = show({ role: "viewer" });
    await screen.findByText("tok_1");
    expect(screen.getByText("The configuration is for administrators.")).toBeDefined();
    expect(asked.map(({ path }) => path)).not.toContain("admin.configuration");
  });

  it("says who made everything read-only and why", async () => {
    show({ readOnly: true });
    expect(await screen.findByText("on: nothing is sent anywhere")).toBeDefined();
    expect(screen.getByText("mira")).toBeDefined();
    expect(screen.getByText("Something acts")).toBeDefined();
  });

  it("names who writes the journal where this console follows", async () => {
    show();
    expect(await screen.findByText("this console follows; ops-2 writes it")).toBeDefined();
  });

  it("says in the past that it is of now, and lets nobody pull the brake there", async () => {
    show({ past: {} });
    expect(await screen.findByText(/what stands here is of now/)).toBeDefined();
    expect(screen.getByRole("button", { name: /Make everything read-only/ }).getAttribute("aria-disabled")).toBe(
      "true",
    );
  });
});
