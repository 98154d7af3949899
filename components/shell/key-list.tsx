"use client";
import { Dialog } from "#components/ui/dialog.tsx";
import { useKeyGroups } from "#components/ui/keys.tsx";

/** Every key that acts on this page, by group. */
export function KeyList({ onClose }: { readonly onClose: () => void }) {
  const groups = useKeyGroups();
  return (
    <Dialog title="All keys" sub="No single key acts without its dialog." onClose={onClose}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <div className="dbody keylist" tabIndex={0}>
        {groups
          .filter(({ group }) => group !== "Dialog")
          .map(({ group, keys }) => (
            <section key={group}>
              <h3>{group}</h3>
              <ul>
                {keys.map(({ keys: combination, does }) => (
                  <li key={combination}>
                    {does}
                    <span className="nowrap">
                      {combination.split(" ").map((key) => (
                        <kbd key={key}>{KEY_WORDS[key] ?? key.replace("Mod+", "Ctrl ")}</kbd>
                      ))}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
      </div>
    </Dialog>
  );
}

const KEY_WORDS: Readonly<Record<string, string>> = {
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};
