// SQLite as a durable key-value store: WAL, synchronous=FULL, one connection, prepared statements, a
// transaction a group. Tried and slower with values of 2 KB: WITHOUT ROWID, larger pages, rarer checkpoints.
#include <sqlite3.h>

#include "threads.h"

namespace podo::bench {

namespace {

constexpr const char* setup[] = {
    "PRAGMA locking_mode=EXCLUSIVE",  // as Podo's: no other process, so no locks and no shared memory to keep
    "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
    "PRAGMA mmap_size=2147418112",  // reads need no system call
    "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL)"};

class Statement {
 public:
  Result<void> prepare(sqlite3* connection, const char* sql) {
    connection_ = connection;
    return done(sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr), sql);
  }
  void finalize() { sqlite3_finalize(std::exchange(handle_, nullptr)); }

  // The bytes must live until the statement has run.
  void bind(int place, std::string_view bytes) {
    sqlite3_bind_blob(handle_, place, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  std::string_view column(int place) {
    const void* bytes = sqlite3_column_blob(handle_, place);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, place))};
  }
  bool step() { return (code_ = sqlite3_step(handle_)) == SQLITE_ROW; }
  Result<void> reset() {
    sqlite3_reset(handle_);
    const bool fine = code_ == SQLITE_DONE || code_ == SQLITE_ROW;
    return done(fine ? SQLITE_OK : code_, sqlite3_sql(handle_));
  }
  Result<void> run() {
    while (step()) {}
    return reset();
  }

 private:
  Result<void> done(int code, const char* what) {
    if (code == SQLITE_OK) return {};
    return fail(ErrorKind::internal, text("sqlite: {}: {}", what, sqlite3_errmsg(connection_)));
  }

  sqlite3* connection_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
  int code_ = SQLITE_OK;
};

class Sqlite final : public Engine {
 public:
  ~Sqlite() override { close(); }

  Result<void> open(const std::string& folder) override {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2((folder + "/db").c_str(), &connection_, flags, nullptr) != SQLITE_OK)
      return fail(ErrorKind::internal, text("sqlite: open: {}", sqlite3_errmsg(connection_)));
    for (const char* sql : setup) {
      Statement once;
      TRY(once.prepare(connection_, sql));
      Result<void> ran = once.run();
      once.finalize();
      TRY(ran);
    }
    TRY(begin_.prepare(connection_, "BEGIN IMMEDIATE"));
    TRY(commit_.prepare(connection_, "COMMIT"));
    TRY(put_.prepare(connection_,
                     "INSERT INTO entries VALUES (?1, ?2) "
                     "ON CONFLICT (key) DO UPDATE SET value = excluded.value"));
    return scan_.prepare(connection_, "SELECT key, value FROM entries WHERE key >= ?1 ORDER BY key");
  }

  void close() override {
    for (Statement* each : {&begin_, &put_, &commit_, &scan_}) each->finalize();
    sqlite3_close(std::exchange(connection_, nullptr));
  }

  // A failure leaves the transaction open: the run is over then.
  Result<void> commit(std::span<const Put> puts) override {
    TRY(begin_.run());
    for (const Put& put : puts) {
      put_.bind(1, put.key);
      put_.bind(2, put.value);
      TRY(put_.run());
    }
    return commit_.run();
  }

  Result<WriteTimes> write(const WriteLoad& load) override { return write_from_threads(*this, load); }

  Result<Scan> scan(std::string_view prefix) override {
    Scan scan;
    scan_.bind(1, prefix);
    while (scan_.step()) {
      const std::string_view key = scan_.column(0);
      if (!key.starts_with(prefix)) break;
      scan.touch(key, scan_.column(1));
    }
    TRY(scan_.reset());
    return scan;
  }

 private:
  sqlite3* connection_ = nullptr;
  Statement begin_, put_, commit_, scan_;
};

}  // namespace

std::unique_ptr<Engine> make_sqlite() { return std::make_unique<Sqlite>(); }

}  // namespace podo::bench
