#include <doctest/doctest.h>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {
namespace {

using Words = std::vector<std::string>;

std::vector<Instruction> steps(std::string_view text) {
  auto file = parse("FROM scratch\n" + std::string(text), "Dockerfile");
  REQUIRE_MESSAGE(file, (file ? "" : file.error().message()));
  return std::move(file->stages[0].steps);
}

struct Case {
  std::string_view text, name, content;
  bool expand = true;
};

TEST_CASE("a heredoc goes up to the line of its name") {
  const Case cases[] = {
      {"RUN <<EMPTY\nEMPTY\n", "EMPTY", ""},
      {"RUN 3<<EMPTY2\nEMPTY2\n", "EMPTY2", ""},
      {"RUN <<INDENT\n\tfoo\n\tbar\nINDENT\n", "INDENT", "\tfoo\n\tbar\n"},
      {"RUN <<-UNINDENT\n\tbaz\n\t\tquux\nUNINDENT\n", "UNINDENT", "baz\nquux\n"},
      {"RUN <<-UNINDENT\n\tbaz\n\tUNINDENT\n", "UNINDENT", "baz\n"},
      {"RUN <<-'NO'\n\tdon't $NAME\nNO\n", "NO", "don't $NAME\n", false},
      {"RUN <<\"NO\"\n$NAME\nNO\n", "NO", "$NAME\n", false},
      {"RUN <<C\n# inside\necho \\\n\nC\n", "C", "# inside\necho \\\n\n"},
      {"RUN --mount=type=cache,target=/foo <<M\necho hello\nM\n", "M", "echo hello\n"},
      {"COPY <<file.txt /dest\nhello\nfile.txt\n", "file.txt", "hello\n"},
      {"RUN <<eo'f'\necho foo\neof\n", "eof", "echo foo\n", false},
      {"RUN <<eo\\'f\necho foo\neo'f\n", "eo'f", "echo foo\n"},
      {"RUN <<'e'o\\'f\necho foo\neo'f\n", "eo'f", "echo foo\n", false},
      {"RUN <<'one two'\necho bar\none two\n", "one two", "echo bar\n", false},
      {"RUN <<$EOF\n$EOF\n", "$EOF", ""},
      {"RUN <<  EOF\nEOF\n", "EOF", ""},
      {"RUN <<  EOF > foo\nEOF\n", "EOF", ""},
      {"RUN << -EOF\n-EOF\n", "-EOF", ""},
      {"RUN <<- EOF\n\tx\n\tEOF\n", "EOF", "x\n"},
      {"RUN <<A\r\nx\r\nA\r\n", "A", "x\r\n"},
      {"RUN <<A\nx\nA", "A", "x\n"},
      {"ONBUILD RUN <<A\nx\nA", "A", "x\n"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    auto found = steps(each.text);
    REQUIRE(found.size() == 1);
    const Instruction& step = found[0].kind == Kind::on_build ? found[0].triggered[0] : found[0];
    REQUIRE(step.heredocs.size() == 1);
    CHECK(step.heredocs[0].name == each.name);
    CHECK(step.heredocs[0].content == each.content);
    CHECK(step.heredocs[0].expand == each.expand);
  }
}

TEST_CASE("several heredocs follow one another") {
  const auto found = steps("COPY <<X <<Y a /dest\nY\nX\nX\nY\nUSER u\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].words == Words{"<<X", "<<Y", "a", "/dest"});
  REQUIRE(found[0].heredocs.size() == 2);
  CHECK(found[0].heredocs[0].content == "Y\n");
  CHECK(found[0].heredocs[1].content == "X\n");
  CHECK(found[0].place.last_line == 6);
  CHECK(found[1].place.line == 7);
}

TEST_CASE("the sources of COPY name a heredoc without its quotes") {
  CHECK(steps("COPY --chmod=1 <<-'a b' c d\na b\n")[0].words == Words{"<<a b", "c", "d"});
}

TEST_CASE("what is no heredoc") {
  for (const std::string_view text : {"RUN \"<<EOF\"", "RUN '<<EOF'", "RUN [\"<<EOF\"]", "RUN cat <<<EOF",
                                      "RUN echo $((1<<2))", "RUN echo $((1 << 2))", "RUN a<<b", "USER <<EOF",
                                      "CMD <<EOF", "RUN bash -c \"cat <<EOF\"", "RUN x <<"}) {
    CAPTURE(text);
    const auto found = steps(text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].heredocs.empty());
  }
}

TEST_CASE("a heredoc without an end, or where a file must be") {
  const auto message = [](std::string_view text) {
    const auto file = parse("FROM a\n" + std::string(text), "Dockerfile");
    return file ? std::string() : file.error().message();
  };
  CHECK(message("RUN <<EOF\nx\n").contains("on line 2: unterminated heredoc"));
  CHECK(message("COPY /foo <<EOF\nEOF").contains("COPY cannot accept a heredoc as a destination"));
  CHECK(message("COPY <<EOF\nEOF").contains("COPY requires at least two arguments"));
}

TEST_CASE("what the shell is given") {
  const auto script = [](std::string_view text) { return script_of(steps(text)[0]); };
  CHECK(script("RUN make all").text == "make all");
  CHECK(script("RUN <<EOF\na\nb\nEOF\n").text == "a\nb\n");
  CHECK_FALSE(script("RUN <<EOF\na\nEOF\n").is_program);
  CHECK(script("RUN <<EOF\n#!/bin/python\nEOF\n").is_program);
  CHECK(script("RUN <<'EOF' | python\nx\nEOF\n").text == "<<'EOF' | python\nx\nEOF");
  CHECK(script("RUN cat <<A - <<B\n1\nA\n2\nB\n").text == "cat <<A - <<B\n1\nA\n2\nB");
  CHECK(script("RUN <<-EOF cat\n\tx\n\tEOF\n").text == "<<-EOF cat\nx\nEOF");
}

}  // namespace
}  // namespace podo::dockerfile
