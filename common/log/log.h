#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string_view>
#include <type_traits>
#include <variant>

/// Structured logging: one line per event, a constant message and typed fields.
///
///   log::Info("claim reserved", {{"claim", name}, {"port", port}});
///
/// Messages are constants in lower case; what varies is a field. Values of charts, credentials and
/// other secrets are never logged. All functions may be called from any thread.
namespace berth::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

struct Options {
  /// Events below this level are dropped.
  Level level = Level::kInfo;
  Format format = Format::kText;
  /// Where lines go; nullptr is standard error. Must outlive the last event.
  std::ostream* output = nullptr;
};

/// Sets up the process's log; called once by main, before other threads start. Without it events of
/// kInfo and above go to standard error as text.
void Init(const Options& options);

/// A key and a typed value of an event. Borrows both: it must not outlive the call that it is
/// passed to. Keys are snake_case and give the unit where there is one; durations are written in
/// seconds.
class Field {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <typename T>
  requires std::convertible_to<const T&, std::string_view> Field(std::string_view key,
                                                                 const T& value)
      : key_(key), value_(std::string_view(value)) {}
  Field(std::string_view key, bool value) : key_(key), value_(value) {}
  template <std::signed_integral T>
  Field(std::string_view key, T value) : key_(key), value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view key, T value)
      : key_(key), value_(static_cast<std::uint64_t>(value)) {}
  template <std::floating_point T>
  Field(std::string_view key, T value) : key_(key), value_(static_cast<double>(value)) {}
  template <typename Rep, typename Period>
  Field(std::string_view key, std::chrono::duration<Rep, Period> value)
      : key_(key), value_(std::chrono::duration<double>(value).count()) {}

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

using Fields = std::initializer_list<Field>;

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warning(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});

/// The same with the level as a value.
void Write(Level level, std::string_view message, Fields fields = {});
/// Whether events of this level are written: for fields that are costly to compute.
bool Enabled(Level level);

}  // namespace berth::log
