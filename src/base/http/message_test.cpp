#include "base/http/message.h"

#include <doctest/doctest.h>

#include "base/http/client.h"

namespace podo::http {

TEST_CASE("fields compare without case and keep their order") {
  Headers headers{{"Accept", "a"}, {"X-One", "1"}, {"accept", "b"}};
  CHECK_EQ(headers.get("ACCEPT"), "a");
  CHECK_EQ(headers.size(), 3);
  CHECK_FALSE(headers.find("Accep").has_value());
  headers.set("accept", "c");
  CHECK_EQ(headers.size(), 2);
  CHECK_EQ(headers.get("Accept"), "c");
  Headers words{{"Connection", "keep-alive, Upgrade"}, {"connection", " close\t"}};
  CHECK(words.has_word("Connection", "upgrade"));
  CHECK(words.has_word("Connection", "CLOSE"));
  CHECK_FALSE(words.has_word("Connection", "keep"));
}

TEST_CASE("a value cannot end its line") {
  std::string out;
  append_fields(out, {{"Location", "/x\r\nSet-Cookie: a"}});
  CHECK_EQ(out, "Location: /x  Set-Cookie: a\r\n");
}

TEST_CASE("a query is decoded, and encoded again") {
  Query query = Query::parse("a=1&b=x%20y+z&&flag&a=2&%41=%zz&e=");
  CHECK_EQ(query.get("a"), "1");
  CHECK_EQ(query.all("a").size(), 2);
  CHECK_EQ(query.get("b"), "x y z");
  CHECK_EQ(query.find("flag"), "");
  CHECK_EQ(query.get("A"), "%zz");
  CHECK_FALSE(query.find("").has_value());
  CHECK_EQ(Query::parse(query.to_text()).to_text(), query.to_text());
  CHECK_EQ(percent_encode("/a b~\xff"), "%2Fa%20b~%FF");
  CHECK_EQ(percent_decode("%2Fa%20b+%f%"), "/a b+%f%");
}

TEST_CASE("URLs are taken apart and put together") {
  Url url = Url::parse("HTTPS://example.com:8443/v2/?n=1#x").value();
  CHECK_EQ(url.scheme, "https");
  CHECK_EQ(url.host, "example.com");
  CHECK_EQ(url.port, 8443);
  CHECK_EQ(url.target, "/v2/?n=1");
  CHECK_EQ(url.to_text(), "https://example.com:8443/v2/?n=1");
  CHECK_EQ(Url::parse("http://[::1]:5000").value().origin(), "http://[::1]:5000");
  CHECK_EQ(Url::parse("http://h?q").value().target, "/?q");
  CHECK_EQ(Url::parse("https://h").value().authority(), "h");
  Url socket = Url::parse("unix://%2Frun%2Fx.sock/v1.50/info").value();
  CHECK_EQ(socket.host, "/run/x.sock");
  CHECK_EQ(socket.to_text(), "unix://%2Frun%2Fx.sock/v1.50/info");
  for (std::string_view wrong : {"", "example.com/", "http://", "http://h:x/", "http://h:99999/",
                                 "http://u:p@h/", "http://h/a b", "http://[::1/", "http://h/a\r\nX: y"})
    CHECK_MESSAGE(!Url::parse(wrong), wrong);
}

TEST_CASE("a Location is read from where it was said") {
  Url base = Url::parse("https://h:5000/v2/app/blobs/x?a=1").value();
  auto to = [&](std::string_view reference) { return base.resolve(reference).value().to_text(); };
  CHECK_EQ(to("https://cdn/y?b"), "https://cdn/y?b");
  CHECK_EQ(to("//cdn/y"), "https://cdn/y");
  CHECK_EQ(to("/y?u=http://z"), "https://h:5000/y?u=http://z");
  CHECK_EQ(to("y"), "https://h:5000/v2/app/blobs/y");
  CHECK_EQ(to("../../../../y/."), "https://h:5000/y/");
  CHECK_EQ(to("?c"), "https://h:5000/v2/app/blobs/x?c");
  CHECK_EQ(to(""), base.to_text());
}

}  // namespace podo::http
