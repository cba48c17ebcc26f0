// Queries by UDP.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "base/dns/server_state.h"

namespace podo::dns {
namespace {

constexpr int batch_max = 32;                  // datagrams by one system call
constexpr std::size_t query_bytes_max = 1232;  // what is longer is cut, and is then no query
constexpr int batches_in_a_turn = 4;

}  // namespace

// Made on the stack, 104 KiB of which little is touched while little comes.
class DatagramBatch {
 public:
  explicit DatagramBatch(int socket) : socket_(socket) {}

  // How many came. None: errno is EAGAIN, or an ICMP error of an earlier answer.
  int receive() {
    for (int i = 0; i < batch_max; ++i) {
      parts_[i] = {.iov_base = queries_[i], .iov_len = query_bytes_max};
      in_[i].msg_hdr = {};
      in_[i].msg_hdr.msg_iov = &parts_[i];
      in_[i].msg_hdr.msg_iovlen = 1;
      in_[i].msg_hdr.msg_name = &peers_[i];
      in_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    }
    return ::recvmmsg(socket_, in_, batch_max, MSG_DONTWAIT, nullptr);
  }
  std::string_view query(int index) const { return {queries_[index], in_[index].msg_len}; }
  std::string peer(int index) const {
    return {reinterpret_cast<const char*>(&peers_[index]), in_[index].msg_hdr.msg_namelen};
  }

  // Room for an answer; those that wait go out when there is none.
  std::span<char> room(std::size_t size) {
    if (sizeof replies_ - filled_ < size) send();
    return {replies_ + filled_, size};
  }
  void answer(int index, std::size_t size) {  // which stands in room()
    answers_[count_] = {.iov_base = replies_ + filled_, .iov_len = size};
    out_[count_].msg_hdr = {};
    out_[count_].msg_hdr.msg_iov = &answers_[count_];
    out_[count_].msg_hdr.msg_iovlen = 1;
    out_[count_].msg_hdr.msg_name = &peers_[index];
    out_[count_].msg_hdr.msg_namelen = in_[index].msg_hdr.msg_namelen;
    ++count_;
    filled_ += size;
  }
  // What the kernel does not take is lost, as on the wire.
  void send() {
    for (int sent = 0; sent < count_;) {
      const int taken = ::sendmmsg(socket_, out_ + sent, static_cast<unsigned>(count_ - sent), MSG_NOSIGNAL);
      if (taken > 0) sent += taken;
      else if (errno != EINTR) ++sent;
    }
    count_ = 0;
    filled_ = 0;
  }

 private:
  int socket_;
  int count_ = 0;
  std::size_t filled_ = 0;
  mmsghdr in_[batch_max], out_[batch_max];
  iovec parts_[batch_max], answers_[batch_max];
  sockaddr_in6 peers_[batch_max];  // large enough for either family
  char queries_[batch_max][query_bytes_max];
  char replies_[16 * udp_bytes_max];
};

io::Task<void> Server::State::serve_datagrams() {
  for (;;) {
    co_await io::checkpoint();
    bool more = true;
    for (int i = 0; i < batches_in_a_turn && more; ++i) more = answer_batch();
    if (more) co_await io::yield();
    else co_await datagrams.readable();
  }
}

// False: nothing is left to be read.
bool Server::State::answer_batch() {
  DatagramBatch batch(udp.get());
  const int count = batch.receive();
  if (count < 0) return errno != EAGAIN;
  counts.datagrams += static_cast<std::uint64_t>(count);
  for (int i = 0; i < count; ++i) answer_one(batch, i);
  batch.send();
  return true;
}

void Server::State::answer_one(DatagramBatch& batch, int index) {
  const std::string_view bytes = batch.query(index);
  const auto reply = [&](std::size_t size) {
    count_answer({batch.room(size).data(), size});
    batch.answer(index, size);
  };
  const auto reply_with = [&](const std::string& answer) {
    std::memcpy(batch.room(answer.size()).data(), answer.data(), answer.size());
    reply(answer.size());
  };
  if (const auto view = QueryView::of(bytes)) {
    count_query(view->type);
    if (const std::size_t size = zone.recall(*view, batch.room(view->reply_bytes_max))) return reply(size);
  }
  Checked checked = check(bytes);
  if (!checked.refusal.empty()) return reply_with(truncated(checked.refusal, udp_bytes_without_edns));
  if (!checked.query) return;
  if (const std::optional<Message> known = zone.know(*checked.query))
    reply_with(encode(*known, checked.query->message.reply_bytes_max()));
  else if (waiting < limits.waiting)
    group.spawn(answer_later(*std::move(checked.query), batch.peer(index), Counted(waiting)),
                "a forwarded DNS query");
  else ++counts.dropped;
}

io::Task<void> Server::State::answer_later(Query query, std::string peer, Counted) {
  const std::size_t bytes_max = query.message.reply_bytes_max();
  auto answer = co_await find_out(std::move(query)).result();
  if (!answer) co_return;
  const std::string fitting = truncated(*answer, bytes_max);
  if (fitting.empty()) co_return;
  count_answer(fitting);
  (void)::sendto(udp.get(), fitting.data(), fitting.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(peer.data()), static_cast<socklen_t>(peer.size()));
}

}  // namespace podo::dns
