/**
 * `node scripts/dna/record-terms.ts`: has a real node (Debian's Erlang) write the terms that our codec is tested on, each
 * with the expression it came from, into `server/dna/codec/etf/__golden__`. Run again when terms are added.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startBeam } from "#scripts/testing/beam.ts";

const EXPRESSIONS: readonly string[] = [
  ...["0", "1", "255", "256", "-1", "2147483647", "2147483648", "-2147483648", "-2147483649"],
  ...["(1 bsl 53) - 1", "1 bsl 53", "-((1 bsl 53) - 1)", "-(1 bsl 53)", "(1 bsl 64) - 1", "-(1 bsl 63)"],
  ...["1 bsl 2039", "-(1 bsl 2040)", "(1 bsl 2048) - 1", "-576460752303423488"],
  ...["0.0", "1.0", "-2.5", "1.0e308", "5.0e-324", "3.141592653589793"],
  ...[
    "ok",
    "''",
    "'Elixir.Dna.Server.Registry.0'",
    "'h\\x{e9}'",
    "'\\x{1f600}'",
    "list_to_atom(lists:duplicate(255, 16#1f600))",
  ],
  ...["{}", "{a}", "{1, {2, {3}}}", "list_to_tuple(lists:seq(1, 256))"],
  ...["[]", "[1, 2, 3]", '"abc"', "[256]", "[a, b | c]", "[1 | 2]", "[[], [[]]]", "lists:duplicate(300, 7)"],
  ...["<<>>", "<<1, 2, 3>>", '<<"h\\x{e9}"/utf8>>', "<<5:3>>", "<<255, 1:1>>", "<<0:24>>"],
  ...["#{}", "#{a => 1}", "#{<<1>> => [{b, 2.0}]}", "maps:from_list([{I, I * I} || I <- lists:seq(1, 40)])"],
  ...[
    "self()",
    "make_ref()",
    "alias()",
    "hd(erlang:ports())",
    "fun lists:map/2",
    "fun 'Elixir.Registry':count/1",
    "fun (X) -> X end",
  ],
  ...["{error, {badmatch, {ok, self(), make_ref()}}}", "{1795325909191, -614071350123456789}"],
];
const COMPRESSED = ['lists:duplicate(1000, {key, <<"value">>, 12345})', "binary:copy(<<7>>, 5000)"];
const TARGET = fileURLToPath(new URL("../../server/dna/codec/etf/__golden__/otp-25.json", import.meta.url));

const node = await startBeam({ prefix: "vectors", fixedPort: true });
try {
  const record = (expression: string, options: string) => ({
    expression,
    hex: node
      .erlCall(`binary:encode_hex(term_to_binary(${expression}, [${options}]))`)
      .replace(/^<<"|">>$/g, "")
      .toLowerCase(),
  });
  const recorded = {
    otp: node.erlCall("list_to_atom(erlang:system_info(otp_release))").replaceAll("'", ""),
    node: node.name,
    terms: EXPRESSIONS.map((expression) => record(expression, "{minor_version, 2}")),
    older: ["ok", "'h\\x{e9}'", "list_to_atom(lists:duplicate(255, $x))"].map((expression) =>
      record(expression, "{minor_version, 1}"),
    ),
    compressed: COMPRESSED.map((expression) => record(expression, "compressed, {minor_version, 2}")),
  };
  writeFileSync(TARGET, `${JSON.stringify(recorded, null, 1)}\n`);
  process.stdout.write(`${recorded.terms.length} terms of OTP ${recorded.otp}\n`);
} finally {
  await node.remove();
}
