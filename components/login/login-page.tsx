"use client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { Brand } from "#components/shell/brand.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { safeNext } from "#components/ui/routes.ts";
import { useSession } from "#components/ui/session.ts";
import { useTRPC } from "#components/ui/trpc.ts";
import { Failure } from "#components/ui/widget.tsx";

/** Exchanges a token for a sealed cookie, then goes where one was going. */
export function LoginPage() {
  const { search, go } = useAddress();
  const trpc = useTRPC();
  const cache = useQueryClient();
  const session = useSession();
  const [token, setToken] = useState("");
  const tokenId = useId();
  const next = safeNext(search.get("next"));
  const loggedIn = session !== undefined && session.principal !== null;
  useEffect(() => {
    if (loggedIn) go(next, { replace: true });
  }, [loggedIn, go, next]);
  const login = useMutation(
    trpc.session.login.mutationOptions({
      onSuccess(answer) {
        setToken("");
        cache.setQueryData(trpc.session.get.queryKey(), answer);
      },
    }),
  );
  const missing = token.trim() === "" ? "Paste your token first." : null;
  const send = () => {
    if (missing === null && !login.isPending) login.mutate({ token: token.trim() });
  };
  return (
    <main className="login">
      <title>Log in · Worldline</title>
      <p className="row strong">
        <Brand />
      </p>
      <h1>Log in</h1>
      <p className="t2">
        With a token that an administrator made by <code className="mono">worldline token create</code>. It is exchanged
        for a sealed cookie and not kept in this browser.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label className="fl" htmlFor={tokenId}>
          Token
        </label>
        <input
          id={tokenId}
          className="field mono"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          maxLength={200}
          value={token}
          onChange={(event) => setToken(event.target.value)}
          aria-invalid={login.isError || undefined}
        />
        <div className="row">
          <Button primary submit onPress={() => {}} refusal={login.isPending ? "Asked already." : missing}>
            Log in
          </Button>
        </div>
      </form>
      {login.isError && <Failure title="Not logged in" error={login.error} />}
    </main>
  );
}
