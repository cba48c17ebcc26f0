#include <doctest/doctest.h>

#include "cluster/node_api/demultiplexer.h"
#include "cluster/node_api/log_wish.h"
#include "cluster/node_api/terminal_size.h"

namespace podo::node_api {

TEST_CASE("frames are taken apart, wherever they were split") {
  const std::string bytes("\1\0\0\0\0\0\0\3one\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\5after", 32);
  for (const std::size_t piece : {1, 2, 3, 5, 8, 11, 32}) {
    Demultiplexer frames;
    std::string seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      std::string_view fed = std::string_view(bytes).substr(at, piece);
      while (const auto some = frames.next(fed)) {
        if (some->begins) seen += some->err ? "err(" : "out(";
        seen += some->bytes;
        if (some->ends) seen += ")";
      }
      CHECK(fed.empty());
    }
    CHECK_EQ(seen, "out(one)err()err(after)");
  }
}

TEST_CASE("sizes come one behind the other, and only the newest matters") {
  TerminalSizes sizes;
  CHECK_FALSE(sizes.take().has_value());
  CHECK(sizes.feed("{\"Width\":80,\"Hei").has_value());
  CHECK_FALSE(sizes.take().has_value());
  CHECK(sizes.feed("ght\":24}\n{\"Width\":100,\"Height\":30}\n{").has_value());
  CHECK(sizes.take() == TerminalSize{100, 30});
  CHECK_FALSE(sizes.take().has_value());
  CHECK_FALSE(TerminalSizes().feed("{\"Width\":-1,\"Height\":24}").has_value());
  CHECK_FALSE(TerminalSizes().feed("{\"Width\":70000,\"Height\":24}").has_value());
  CHECK_FALSE(TerminalSizes().feed("nonsense}").has_value());
  CHECK_FALSE(TerminalSizes().feed(std::string(5000, ' ')).has_value());
}

TEST_CASE("what is asked of a log") {
  const Wall now{1'000'000'000'000};
  const auto wish = parse_log_wish(
      http::Query::parse("follow=true&previous=&timestamps=false&tailLines=5&sinceSeconds=10&limitBytes=7"),
      now);
  REQUIRE(wish.has_value());
  CHECK(wish->options.follow);
  CHECK(wish->previous);
  CHECK_FALSE(wish->options.timestamps);
  CHECK_EQ(wish->options.tail, 5);
  CHECK_EQ(wish->options.since->ns, 990'000'000'000);
  CHECK_EQ(wish->bytes_max, 7);
  for (const std::string_view wrong : {"tailLines=-1", "limitBytes=1k", "sinceTime=yesterday", "stream=x"})
    CHECK_FALSE(parse_log_wish(http::Query::parse(wrong), now).has_value());
  CHECK(parse_log_wish(http::Query::parse("sinceSeconds=9223372036854775807"), now).has_value());
}

TEST_CASE("a log is cut where its limit is") {
  LogLimit none({}), five(5);
  CHECK_EQ(none.take("everything"), "everything");
  CHECK_FALSE(none.reached());
  CHECK_EQ(five.take("one"), "one");
  CHECK_EQ(five.take("two"), "tw");
  CHECK(five.reached());
  CHECK_EQ(five.take("more"), "");
}

}  // namespace podo::node_api
