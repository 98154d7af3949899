"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "#components/ui/trpc.ts";

/** Ends the session: on the server first, then everything this browser remembers of it. */
export function LogoutButton() {
  const trpc = useTRPC();
  const cache = useQueryClient();
  const logout = useMutation(
    trpc.session.logout.mutationOptions({
      onSuccess() {
        cache.clear();
        window.location.reload();
      },
    }),
  );
  return (
    <button
      type="button"
      className="btn-plain small"
      onClick={() => logout.mutate()}
      aria-disabled={logout.isPending || undefined}
    >
      Log out
    </button>
  );
}
