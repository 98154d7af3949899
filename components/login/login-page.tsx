"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useId, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { faultOf } from "#components/ui/fault.ts";
import { safeNext } from "#components/ui/routes.ts";
import { useSession } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure } from "#components/ui/widget.tsx";

/** Exchanges a token for a session, then goes where one wanted to go. */
export function LoginPage({ next }: { readonly next: string | null }) {
  const trpc = useTRPC();
  const router = useRouter();
  const cache = useQueryClient();
  const session = useSession();
  const [token, setToken] = useState("");
  const id = useId();
  const login = useMutation(
    trpc.session.login.mutationOptions({
      onSuccess(known) {
        setToken("");
        cache.clear();
        cache.setQueryData(trpc.session.get.queryKey(), known);
        router.replace(safeNext(next));
      },
    }),
  );
  const missing = token.trim() === "" ? "Paste your token." : login.isPending ? "Asking." : null;
  return (
    <main className="login">
      <h1>Worldline</h1>
      {session?.principal === null || session === undefined ? (
        <p className="t2">Log in with a token. An administrator makes one with “worldline token create”.</p>
      ) : (
        <p className="t2">
          You are logged in as <bdi>{session.principal.id}</bdi>, {session.principal.role}.
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === null) login.mutate({ token: token.trim() });
        }}
      >
        <label className="fl" htmlFor={id}>
          Token
        </label>
        <input
          id={id}
          className="field mono"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <Button primary submit onPress={() => undefined} refusal={missing}>
          Log in
        </Button>
      </form>
      {login.error !== null && <Failure title="Not logged in" message={faultOf(login.error).message} />}
    </main>
  );
}
