#include "model/schema/instant.h"

#include "base/format/json_writer.h"

namespace podo::schema {
namespace {

std::string_view layout_of(Precision precision) {
  return precision == Precision::micros ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
}

std::string quoted(std::string_view text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Days since 1970 of a date of the Gregorian calendar; years count from March, so that leap days come last.
std::int64_t days_of(std::int64_t year, int month, int day) {
  const std::int64_t y = year - (month <= 2 ? 1 : 0) + 400, era = y / 400, of_era = y % 400;
  const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return (era - 1) * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

int days_in(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

class Reader {
 public:
  Reader(std::string_view text, Precision precision) : text_(text), rest_(text), precision_(precision) {}

  Result<Instant> read() {
    const int year = TRY(number(4, "2006"));
    TRY(literal("-"));
    const int month = TRY(number(2, "01"));
    if (month < 1 || month > 12) return out_of_range("month");
    TRY(literal("-"));
    const int day = TRY(number(2, "02"));
    TRY(literal("T"));
    const int hour = TRY(number(2, "15"));
    if (hour > 23) return out_of_range("hour");
    TRY(literal(":"));
    const int minute = TRY(number(2, "04"));
    if (minute > 59) return out_of_range("minute");
    TRY(literal(":"));
    const int second = TRY(number(2, "05"));
    if (second > 59) return out_of_range("second");
    const int nanos = TRY(fraction());
    const int offset = TRY(zone());
    if (!rest_.empty()) return invalid("parsing time {}: extra text: {}", quoted(text_), quoted(rest_));
    if (day < 1 || day > days_in(year, month)) return out_of_range("day");
    return Instant{days_of(year, month, day) * 86'400 + hour * 3'600 + minute * 60 + second - offset, nanos};
  }

 private:
  Failure cannot(std::string_view part) const {
    return invalid("parsing time {} as {}: cannot parse {} as {}", quoted(text_),
                   quoted(layout_of(precision_)), quoted(rest_), quoted(part));
  }
  Failure out_of_range(std::string_view what) const {
    return invalid("parsing time {}: {} out of range", quoted(text_), what);
  }

  Result<int> number(std::size_t digits, std::string_view part) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || !is_digit(rest_[i])) return cannot(part);
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  Result<> literal(std::string_view part) {
    if (!rest_.starts_with(part)) return cannot(part);
    rest_.remove_prefix(part.size());
    return {};
  }

  // MicroTime asks for six digits; otherwise any number of them may come, and what is beyond nine is cut
  // off.
  Result<int> fraction() {
    const bool starts = rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && is_digit(rest_[1]);
    std::size_t size = 0;
    while (starts && size + 1 < rest_.size() && is_digit(rest_[size + 1])) ++size;
    if (precision_ == Precision::micros) {
      if (size < 6) return cannot(".000000");
      size = 6;
    }
    int nanos = 0;
    for (std::size_t i = 1; i <= 9; ++i) nanos = nanos * 10 + (i <= size ? rest_[i] - '0' : 0);
    rest_.remove_prefix(size == 0 ? 0 : size + 1);
    return nanos;
  }

  Result<int> zone() {
    if (rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      return 0;
    }
    const bool shaped = rest_.size() >= 6 && (rest_[0] == '+' || rest_[0] == '-') && is_digit(rest_[1]) &&
                        is_digit(rest_[2]) && rest_[3] == ':' && is_digit(rest_[4]) && is_digit(rest_[5]);
    if (!shaped) return cannot("Z07:00");
    const int hours = (rest_[1] - '0') * 10 + rest_[2] - '0',
              minutes = (rest_[4] - '0') * 10 + rest_[5] - '0';
    if (hours > 24) return out_of_range("time zone offset hour");
    if (minutes > 60) return out_of_range("time zone offset minute");
    const int offset = (hours * 60 + minutes) * 60;
    const bool west = rest_[0] == '-';
    rest_.remove_prefix(6);
    return west ? -offset : offset;
  }

  std::string_view text_, rest_;
  Precision precision_;
};

void put(char* at, int digits, std::int64_t value) {
  for (int i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

Result<Instant> parse_instant(std::string_view text, Precision precision) {
  return Reader(text, precision).read();
}

std::string text_of(Instant at, Precision precision) {
  const std::int64_t of_day = (at.seconds % 86'400 + 86'400) % 86'400;
  const std::int64_t days =
      (at.seconds - of_day) / 86'400 + 719'468 + 146'097;  // from 1 March of the year -400
  const std::int64_t era = days / 146'097, of_era = days % 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t from_march = (5 * of_year + 2) / 153,
                     month = from_march < 10 ? from_march + 3 : from_march - 9;
  std::string out = "0000-00-00T00:00:00";
  put(out.data(), 4, year_of_era + era * 400 - 400 + (month <= 2 ? 1 : 0));
  put(out.data() + 5, 2, month);
  put(out.data() + 8, 2, of_year - (153 * from_march + 2) / 5 + 1);
  put(out.data() + 11, 2, of_day / 3'600);
  put(out.data() + 14, 2, of_day / 60 % 60);
  put(out.data() + 17, 2, of_day % 60);
  if (precision == Precision::micros) {
    out += ".000000";
    put(out.data() + 20, 6, at.nanos / 1'000);
  }
  return out + 'Z';
}

}  // namespace podo::schema
