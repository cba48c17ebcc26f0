#include "cli/console/template.h"

#include <doctest/doctest.h>

namespace podo::cli {
namespace {

constexpr std::string_view container =
    R"({"Id":"abc","Name":"/web","Count":3,"Big":12345678901,"Running":true,
  "State":{"Status":"running","Health":null},"Env":["A=1","B=2"],"Empty":[],
  "Config":{"Labels":{"app":"shop","tier":"front"}},
  "Networks":{"bridge":{"IPAddress":"172.17.0.2"},"db":{"IPAddress":"10.0.0.3"}},
  "Ports":{"80/tcp":[{"HostPort":"8080"}]},"Labels":"a=1,b=two"})";

std::string run(std::string_view source) {
  json::Document document = json::parse(std::string(container)).value();
  Result<Template> parsed = Template::parse(source);
  if (!parsed) return parsed.error().message();
  Result<std::string> out = parsed->run(document.root());
  return out ? *out : out.error().message();
}

}  // namespace

TEST_CASE("fields are found, as written or in another case") {
  CHECK_EQ(run("{{.Id}} {{ .ID }} {{.State.Status}} {{.Count}} {{.Running}} {{.Big}}"),
           "abc abc running 3 true 12345678901");
  CHECK_EQ(run("plain {{/* nothing */}}text"), "plain text");
}

TEST_CASE("what is missing is told, but not within data") {
  CHECK_EQ(run("{{.Nope}}"), "template: <.Nope>: map has no entry for key \"Nope\"");
  CHECK_EQ(run("{{.State.Health.Status}}"),
           "template: <.State.Health.Status>: nil pointer evaluating Status");
  CHECK_EQ(run("{{.Config.Labels.nope}}"), "<no value>");
  CHECK_EQ(run("{{index .Config.Labels \"nope\"}}|"), "|");
}

TEST_CASE("branches, loops and variables") {
  CHECK_EQ(run("{{if .Running}}up{{else}}down{{end}}"), "up");
  CHECK_EQ(run("{{if .Empty}}a{{else if eq .Count 3}}b{{else}}c{{end}}"), "b");
  CHECK_EQ(run("{{range .Env}}[{{.}}]{{end}}"), "[A=1][B=2]");
  CHECK_EQ(run("{{range $i, $e := .Env}}{{$i}}={{$e}};{{end}}"), "0=A=1;1=B=2;");
  CHECK_EQ(run("{{range $name, $n := .Networks}}{{$name}} {{$n.IPAddress}} {{end}}"),
           "bridge 172.17.0.2 db 10.0.0.3 ");
  CHECK_EQ(run("{{range .Empty}}x{{else}}none{{end}}"), "none");
  CHECK_EQ(run("{{with .State}}{{.Status}} of {{$.Id}}{{end}}"), "running of abc");
  CHECK_EQ(run("{{$x := .Id}}{{if true}}{{$x}}{{end}}"), "abc");
  CHECK_EQ(run("a  {{- if true -}}  b  {{- end -}}  c"), "abc");
  CHECK_EQ(run("{{range $p, $conf := .Ports}}{{$p}} -> {{(index $conf 0).HostPort}}{{end}}"),
           "80/tcp -> 8080");
}

TEST_CASE("functions, alone and in pipelines") {
  CHECK_EQ(run("{{json .Env}}"), "[\"A=1\",\"B=2\"]");
  CHECK_EQ(run("{{.State | json}}"), "{\"Status\":\"running\",\"Health\":null}");
  CHECK_EQ(run("{{join .Env \", \"}}"), "A=1, B=2");
  CHECK_EQ(run("{{index .Env 1}} {{len .Env}} {{len .Id}}"), "B=2 2 3");
  CHECK_EQ(run("{{(index (index .Ports \"80/tcp\") 0).HostPort}}"), "8080");
  CHECK_EQ(run("{{upper .Id}}{{.Id | upper | lower}}{{title .Id}}"), "ABCabcAbc");
  CHECK_EQ(run("{{index (split .Name \"/\") 1}}"), "web");
  CHECK_EQ(run("{{if and .Running (gt .Count 2) (not .Empty)}}yes{{end}}"), "yes");
  CHECK_EQ(run("{{printf \"%s:%-5d|%q\" .Id .Count .Name}}"), "abc:3    |\"/web\"");
  CHECK_EQ(run("{{println .Id}}{{.Env}} {{.Config.Labels}}"), "abc\n[A=1 B=2] map[app:shop tier:front]");
  CHECK_EQ(run("{{slice .Id 0 2}}"), "ab");
  CHECK_EQ(run("{{.Label \"b\"}}"), "two");
  CHECK_EQ(run("{{\"}}\"}}{{\"a\\tb\"}}"), "}}a\tb");
}

TEST_CASE("mistakes are named") {
  CHECK_EQ(run("{{.Id"), "template parsing error: unclosed action");
  CHECK_EQ(run("{{if .Id}}x"), "template parsing error: unexpected EOF");
  CHECK_EQ(run("{{end}}"), "template parsing error: unexpected {{end}}");
  CHECK_EQ(run("{{nope .Id}}"), "template: function \"nope\" not defined");
  CHECK_EQ(run("{{$y}}"), "template: undefined variable \"$y\"");
  CHECK_EQ(run("{{index .Env 7}}"), "template: error calling index: index out of range: 7");
}

}  // namespace podo::cli
