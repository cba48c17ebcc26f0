// The catalogue: products from a file, over HTTP/1.1.
//
//   GET /products        all of them        GET /products/ID   one
//   GET /healthz         alive              GET /readyz        products are read
//
// PRODUCTS names the file, one product a line: id, name, price in cents, picture; a bar between them.
// A thread serves a connection; SIGTERM ends the program when what was asked is answered.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>

namespace {

std::atomic<bool> ending = false;
std::atomic<int> connections = 0;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

struct Catalogue {
  std::map<std::string, std::string> products;  // id -> JSON
  std::string all;

  explicit Catalogue(const char* path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string id, name, cents, picture;
      for (std::string* field : {&id, &name, &cents, &picture}) std::getline(fields, *field, '|');
      if (id.empty() || cents.empty() || cents.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string json = "{\"id\":" + quoted(id) + ",\"name\":" + quoted(name) + ",\"cents\":" + cents +
                         ",\"picture\":" + quoted(picture) + "}";
      all += (all.empty() ? "" : ",") + json;
      products[id] = json;
    }
    all = "[" + all + "]";
  }
};

struct Answer {
  int status;
  std::string body;
};

Answer answer(const Catalogue& catalogue, const std::string& method, const std::string& path) {
  if (method != "GET") return {405, R"({"error":"only GET"})"};
  if (path == "/healthz") return {200, R"({"status":"ok"})"};
  if (path == "/readyz" && !catalogue.products.empty()) return {200, R"({"status":"ok"})"};
  if (path == "/readyz") return {503, R"({"error":"no products"})"};
  if (path == "/products") return {200, catalogue.all};
  const std::string prefix = "/products/";
  if (path.rfind(prefix, 0) == 0) {
    auto found = catalogue.products.find(path.substr(prefix.size()));
    if (found != catalogue.products.end()) return {200, found->second};
  }
  return {404, R"({"error":"not found"})"};
}

bool send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    ssize_t n = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

// The head of the next request; empty: the client is gone, or has been silent for too long.
std::string next_head(int socket, std::string& buffer) {
  for (int waited = 0; waited < 300;) {
    std::size_t end = buffer.find("\r\n\r\n");
    if (end != std::string::npos) {
      std::string head = buffer.substr(0, end);
      buffer.erase(0, end + 4);
      return head;
    }
    if (buffer.size() > 16384 || (ending && buffer.empty())) return "";
    pollfd one{socket, POLLIN, 0};
    if (poll(&one, 1, 100) == 0) {
      ++waited;
      continue;
    }
    char bytes[4096];
    ssize_t n = recv(socket, bytes, sizeof bytes, 0);
    if (n <= 0) return "";
    buffer.append(bytes, static_cast<std::size_t>(n));
  }
  return "";
}

void serve(int socket, const Catalogue& catalogue) {
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string buffer, method, path;
  for (bool more = true; more;) {
    std::string head = next_head(socket, buffer);
    std::istringstream first(head);
    if (!(first >> method >> path)) break;
    Answer one = answer(catalogue, method, path);
    more = !ending && head.find("onnection: close") == std::string::npos;
    more = send_all(socket, "HTTP/1.1 " + std::to_string(one.status) +
                                " -\r\nContent-Type: application/json\r\nContent-Length: " +
                                std::to_string(one.body.size()) + (more ? "" : "\r\nConnection: close") +
                                "\r\n\r\n" + one.body) &&
           more;
  }
  close(socket);
  --connections;
}

int listen_at(std::uint16_t port) {
  int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1, off = 0;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  if (bind(socket, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 || listen(socket, 1024) != 0) {
    std::perror("catalogue: listen");
    std::exit(1);
  }
  return socket;
}

}  // namespace

int main() {
  const char* path = std::getenv("PRODUCTS");
  const Catalogue catalogue(path != nullptr ? path : "/etc/shop/products.txt");
  struct sigaction action {};
  action.sa_handler = [](int) { ending = true; };  // without SA_RESTART: poll() returns
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  const int listener = listen_at(8080);
  std::printf("catalogue: %zu products, port 8080\n", catalogue.products.size());
  std::fflush(stdout);
  while (!ending) {
    pollfd one{listener, POLLIN, 0};
    if (poll(&one, 1, 1000) <= 0) continue;
    int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections;
    std::thread(serve, socket, std::cref(catalogue)).detach();
  }
  close(listener);
  for (int i = 0; i < 50 && connections > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::puts("catalogue: ended");
}
