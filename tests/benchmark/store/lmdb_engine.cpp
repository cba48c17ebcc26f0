// LMDB as it is meant to be used: one environment, durable commits (its default), a transaction a group. The
// WRITEMAP variant writes through the memory map instead of write calls; which is faster depends on the disk.
#include <lmdb.h>

#include "threads.h"

namespace podo::bench {

namespace {

Result<void> done(int code, const char* what) {
  if (code == 0) return {};
  return fail(ErrorKind::internal, text("lmdb: {}: {}", what, mdb_strerror(code)));
}

MDB_val value_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view bytes_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class Lmdb final : public Engine {
 public:
  explicit Lmdb(unsigned flags) : flags_(flags) {}
  ~Lmdb() override { close(); }

  Result<void> open(const std::string& folder) override {
    constexpr std::size_t map_bytes = std::size_t{8} << 30;  // address space, not memory
    TRY(done(mdb_env_create(&environment_), "create"));
    TRY(done(mdb_env_set_mapsize(environment_, map_bytes), "set the map size"));
    TRY(done(mdb_env_open(environment_, folder.c_str(), flags_, 0600), "open"));
    MDB_txn* transaction = nullptr;
    TRY(done(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction), "begin"));
    TRY(done(mdb_dbi_open(transaction, nullptr, 0, &database_), "open the database"));
    return done(mdb_txn_commit(transaction), "commit");
  }

  void close() override {
    if (environment_ != nullptr) mdb_env_close(environment_);
    environment_ = nullptr;
  }

  Result<void> commit(std::span<const Put> puts) override {
    MDB_txn* transaction = nullptr;
    TRY(done(mdb_txn_begin(environment_, nullptr, 0, &transaction), "begin"));
    for (const Put& put : puts) {
      MDB_val key = value_of(put.key), value = value_of(put.value);
      if (Result<void> written = done(mdb_put(transaction, database_, &key, &value, 0), "put"); !written) {
        mdb_txn_abort(transaction);
        return written;
      }
    }
    return done(mdb_txn_commit(transaction), "commit");
  }

  Result<WriteTimes> write(const WriteLoad& load) override { return write_from_threads(*this, load); }

  Result<Scan> scan(std::string_view prefix) override {
    MDB_txn* transaction = nullptr;
    TRY(done(mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction), "begin"));
    MDB_cursor* cursor = nullptr;
    Result<void> opened = done(mdb_cursor_open(transaction, database_, &cursor), "open a cursor");
    Scan scan;
    if (opened) read(cursor, prefix, scan);
    mdb_cursor_close(cursor);
    mdb_txn_abort(transaction);
    TRY(opened);
    return scan;
  }

 private:
  static void read(MDB_cursor* cursor, std::string_view prefix, Scan& scan) {
    MDB_val key = value_of(prefix), value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; code == 0 && bytes_of(key).starts_with(prefix);
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))
      scan.touch(bytes_of(key), bytes_of(value));
  }

  const unsigned flags_;
  MDB_env* environment_ = nullptr;
  MDB_dbi database_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_lmdb() { return std::make_unique<Lmdb>(0); }
std::unique_ptr<Engine> make_lmdb_writemap() { return std::make_unique<Lmdb>(MDB_WRITEMAP); }

}  // namespace podo::bench
