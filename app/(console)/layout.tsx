import { ConsoleShell } from "#components/shell/console-shell.tsx";

export default function ConsoleLayout({ children }: { readonly children: React.ReactNode }) {
  return <ConsoleShell>{children}</ConsoleShell>;
}
