#include "container/monitor/program/settings.h"

#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

// Behind "key=", if `entry` begins so; else null.
const char* value_of(const char* key, const char* entry) {
  while (*key != '\0' && *key == *entry) ++key, ++entry;
  return *key == '\0' && *entry == '=' ? entry + 1 : nullptr;
}

uint64_t number(const char* value) { return take_number(value); }

const char* take_driver(const char* value, LogFile::Driver& driver) {
  if (equal(value, "json-file")) driver = LogFile::Driver::json_file;
  else if (equal(value, "local")) driver = LogFile::Driver::local;
  else if (!equal(value, "none")) return "the log's driver is not known";
  return nullptr;
}

const char* take_setting(const char* entry, Settings& settings) {
  if (const char* value = value_of("log", entry)) return take_driver(value, settings.log.driver);
  if (const char* value = value_of("path", entry)) settings.log.path = value;
  else if (const char* bytes = value_of("max-size", entry)) settings.log.bytes_max = number(bytes);
  else if (const char* files = value_of("max-file", entry)) settings.log.files_max = number(files);
  else if (const char* text = value_of("attrs", entry)) settings.log.attributes = {text, length_of(text)};
  else if (const char* tty = value_of("tty", entry)) settings.tty = *tty == '1';
  else if (const char* in = value_of("stdin", entry)) settings.stdin_open = *in == '1';
  else if (const char* output = value_of("subscribe", entry)) settings.subscribe = *output == '1';
  else return "a setting is not known";
  return nullptr;
}

}  // namespace

const char* parse_start(char* payload, size_t size, Settings& settings) {
  if (size == 0 || payload[size - 1] != '\0') return "the start message is cut off";
  char* end = payload + size;
  for (; payload < end && *payload != '\0'; payload += length_of(payload) + 1)
    if (const char* problem = take_setting(payload, settings)) return problem;
  size_t count = 0;
  for (++payload; payload < end; payload += length_of(payload) + 1) {
    if (count == Settings::arguments_max) return "the runtime has too many arguments";
    settings.arguments[count++] = payload;
  }
  if (count == 0) return "there is no runtime to run";
  if (settings.log.driver != LogFile::Driver::none && settings.log.path == nullptr)
    return "the log needs a path";
  if (settings.log.attributes.size > LogFile::attributes_max) return "the log's attributes are too long";
  if (settings.log.files_max == 0) settings.log.files_max = 1;
  return nullptr;
}

}  // namespace podo::monitor
