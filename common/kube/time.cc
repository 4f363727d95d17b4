#include "common/kube/time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace berth::kube {
namespace {

using std::chrono::microseconds;

/// Takes digits and separators off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Literal(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> Digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    const char* end = rest_.data() + count;
    const auto [at, error] = std::from_chars(rest_.data(), end, value);
    if (error != std::errc() || at != end || rest_.front() == '-') return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  /// The digits of a fraction of a second, any number of them.
  std::optional<microseconds> Fraction() {
    std::size_t count = 0;
    int value = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      if (count < 6) value = value * 10 + (rest_[count] - '0');
      ++count;
    }
    if (count == 0) return std::nullopt;
    for (std::size_t digits = count; digits < 6; ++digits) value *= 10;
    rest_.remove_prefix(count);
    return microseconds(value);
  }

  bool done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  void Skip(std::size_t count) { rest_.remove_prefix(count); }

 private:
  std::string_view rest_;
};

absl::Status NotATime(std::string_view text, std::string_view form) {
  return absl::InvalidArgumentError(fmt::format("'{}' is not a time ({})", text, form));
}

std::optional<Time> Assemble(int year, int month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

/// "Z", "+02:00": what to subtract to come to UTC.
std::optional<std::chrono::minutes> ScanOffset(Scanner& scanner) {
  if (scanner.Literal('Z') || scanner.Literal('z')) return std::chrono::minutes(0);
  const bool east = scanner.Literal('+');
  if (!east && !scanner.Literal('-')) return std::nullopt;
  const auto hours = scanner.Digits(2);
  if (!hours || !scanner.Literal(':')) return std::nullopt;
  const auto minutes = scanner.Digits(2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return east ? offset : -offset;
}

std::optional<Time> ScanRfc3339(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.Digits(4);
  if (!year || !scanner.Literal('-')) return std::nullopt;
  const auto month = scanner.Digits(2);
  if (!month || !scanner.Literal('-')) return std::nullopt;
  const auto day = scanner.Digits(2);
  if (!day || (!scanner.Literal('T') && !scanner.Literal('t'))) return std::nullopt;
  const auto hour = scanner.Digits(2);
  if (!hour || !scanner.Literal(':')) return std::nullopt;
  const auto minute = scanner.Digits(2);
  if (!minute || !scanner.Literal(':')) return std::nullopt;
  const auto second = scanner.Digits(2);
  if (!second) return std::nullopt;
  microseconds fraction{0};
  if (scanner.Literal('.')) {
    const auto scanned = scanner.Fraction();
    if (!scanned) return std::nullopt;
    fraction = *scanned;
  }
  const auto offset = ScanOffset(scanner);
  if (!offset || !scanner.done()) return std::nullopt;
  const auto time = Assemble(*year, *month, *day, *hour, *minute, *second);
  if (!time) return std::nullopt;
  return *time + fraction - *offset;
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<Time> ScanHttpDate(std::string_view text) {
  constexpr std::size_t kDayName = 5;  // "Fri, "
  constexpr std::size_t kMonthName = 3;
  if (text.size() != std::string_view("Fri, 02 Jan 2026 03:04:05 GMT").size()) return std::nullopt;
  Scanner scanner(text.substr(kDayName));
  const auto day = scanner.Digits(2);
  if (!day || !scanner.Literal(' ')) return std::nullopt;
  int month = 0;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (scanner.rest().starts_with(kMonths[i])) month = static_cast<int>(i) + 1;
  }
  scanner.Skip(kMonthName);
  if (month == 0 || !scanner.Literal(' ')) return std::nullopt;
  const auto year = scanner.Digits(4);
  if (!year || !scanner.Literal(' ')) return std::nullopt;
  const auto hour = scanner.Digits(2);
  if (!hour || !scanner.Literal(':')) return std::nullopt;
  const auto minute = scanner.Digits(2);
  if (!minute || !scanner.Literal(':')) return std::nullopt;
  const auto second = scanner.Digits(2);
  if (!second || scanner.rest() != " GMT") return std::nullopt;
  return Assemble(*year, month, *day, *hour, *minute, *second);
}

}  // namespace

absl::StatusOr<Time> ParseTime(std::string_view text) {
  const auto time = ScanRfc3339(text);
  if (!time) return NotATime(text, "RFC 3339");
  return *time;
}

std::string FormatTime(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())));
}

std::string FormatMicroTime(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())),
                     (time - seconds).count());
}

absl::StatusOr<Time> ParseHttpDate(std::string_view text) {
  const auto time = ScanHttpDate(text);
  if (!time) return NotATime(text, "HTTP Date");
  return *time;
}

}  // namespace berth::kube
