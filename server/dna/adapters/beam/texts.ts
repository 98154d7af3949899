/**
 * The constant Elixir texts that are evaluated on a node where `evaluate` is on. What varies is bound, never written into
 * them; they leave nothing behind on the node but the few atoms of their own words, once.
 *
 * Source: Erlang/OTP 25 documentation of `sys` (suspend, resume, get_state) and of `DynamicSupervisor` in Elixir 1.14.
 */

/** Reads the state of one instance and answers only phase, buffer, mailbox and memory. Binds `pid`. */
export const BACKLOG_TEXT = `
(fn ->
  case Process.info(pid, [:memory, :message_queue_len]) do
    nil ->
      :ended

    [memory: memory, message_queue_len: mailbox] ->
      try do
        state = :sys.get_state(pid, 2000)
        phase = if is_tuple(state.status), do: elem(state.status, 0), else: state.status
        {:known, phase, state.buffer_size, mailbox, memory}
      catch
        :exit, {:timeout, _} -> {:busy, mailbox, memory}
        :exit, _ -> :ended
      end
  end
end).()
`;

/**
 * The instances with the largest backlog. Looks at the mailbox and memory of every one, then into those that lead by
 * either, within a second in all. Binds `partitions` ({index, registry} pairs) and `limit`; memory above `state_bytes` is
 * not looked into.
 *
 * What is done for every instance is done by functions of OTP: an evaluated text is interpreted, some hundred times slower.
 */
export const TOP_TEXT = `
(fn ->
  leading = fn rows -> Enum.take(:lists.keysort(1, rows), -limit) ++ Enum.take(:lists.keysort(2, rows), -limit) end

  among =
    Enum.flat_map(partitions, fn {index, registry} ->
      pids = Registry.select(registry, [{{:_, :"$1", :_}, [], [:"$1"]}])
      every = fn item -> :lists.zipwith(&:erlang.process_info/2, pids, :lists.duplicate(length(pids), item)) end
      rows = :lists.zip3(every.(:message_queue_len), every.(:memory), pids)

      for {{_, mailbox}, {_, memory}, pid} <- Enum.uniq(leading.(rows)),
          key <- Registry.keys(registry, pid),
          do: {mailbox, memory, pid, index, key}
    end)

  until = System.monotonic_time(:millisecond) + 1000

  leading.(among)
  |> Enum.uniq()
  |> Enum.map(fn {mailbox, memory, pid, index, key} ->
    left = min(until - System.monotonic_time(:millisecond), 100)

    buffered =
      try do
        if left > 0 and memory <= state_bytes, do: :sys.get_state(pid, left).buffer_size
      catch
        _, _ -> nil
      end

    {index, key, pid, mailbox, memory, buffered}
  end)
  |> Enum.sort_by(fn {_, _, _, mailbox, _, buffered} -> mailbox + (buffered || 0) end, :desc)
  |> Enum.take(limit)
end).()
`;

/**
 * Ends an instance when it is idle and empty: suspends it, looks, and has it ended while it is suspended, or resumes it
 * and tries again until the deadline. Binds `registry`, `supervisor`, `key`, `pid`, `deadline_ms`.
 *
 * It is resumed whatever happens. The process that suspends resumes in `after`; a second one watches over that and resumes
 * should it be killed, and neither ends with the call, its connection or the console. A suspension that timed out is still
 * in the mailbox, so a resumption is put behind it.
 */
export const STOP_SAFE_TEXT = `
(fn ->
  caller = self()
  tag = make_ref()
  now = fn -> System.monotonic_time(:millisecond) end
  until = now.() + deadline_ms

  resume = fn timeout ->
    try do
      :sys.resume(pid, timeout)
    catch
      :exit, _ -> :ok
    end
  end

  queued = fn ->
    case Process.info(pid, :message_queue_len) do
      {_, count} -> count
      nil -> nil
    end
  end

  attempt = fn ->
    try do
      :ok = :sys.suspend(pid, max(until - now.(), 1))
      state = :sys.get_state(pid, 1000)

      case {state.status, state.buffer_size, queued.()} do
        {:idle, 0, 0} -> DynamicSupervisor.terminate_child(supervisor, pid)
        {_, buffered, mailbox} -> {:busy, buffered, mailbox}
      end
    catch
      :exit, {:timeout, _} -> {:busy, nil, queued.()}
      :exit, _ -> if Process.alive?(pid), do: {:busy, nil, queued.()}, else: :ended
    after
      if Process.alive?(pid), do: resume.(50)
    end
  end

  loop = fn loop ->
    case Registry.lookup(registry, key) do
      [{^pid, _}] ->
        case attempt.() do
          {:busy, _, _} = busy ->
            if now.() + 30 >= until do
              busy
            else
              Process.sleep(30)
              loop.(loop)
            end

          :ok ->
            :stopped

          _ ->
            :moved
        end

      _ ->
        :moved
    end
  end

  spawn(fn ->
    {_, watched} = spawn_monitor(fn -> send(caller, {tag, loop.(loop)}) end)

    receive do
      {:DOWN, ^watched, _, _, :normal} ->
        :ok

      {:DOWN, ^watched, _, _, _} ->
        resume.(5000)
        send(caller, {tag, :failed})
    end
  end)

  receive do
    {^tag, outcome} -> outcome
  after
    deadline_ms + 3000 -> :silent
  end
end).()
`;
