#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

/// A service's configuration: one YAML file, every key of which is also a flag.
///
///   config::Table table("port-service", "Hands out ports of shared load balancers.");
///   table.Add("listen", &options.listen, "address to serve gRPC on");
///   table.Add("drain_timeout", &options.drain_timeout, "how long a stop waits for running work");
///   ASSIGN_OR_RETURN(config::Outcome outcome, table.Parse(argc, argv));
///
/// A key "log.level" is `level` inside the mapping `log` of the file, and `--log.level=debug` on
/// the command line. Flags win over the file, the file wins over the defaults, which are the values
/// that the targets had when added.
namespace berth::config {

/// Berth's version, such as "0.1.0".
std::string_view Version();

/// One key of the table.
class Key {
 public:
  /// One value, or any number of them for a list.
  using Setter =
      std::function<absl::Status(const Key& key, const std::vector<std::string>& values)>;
  struct Spec {
    std::string name;
    std::string type;           // for --help, such as "duration"
    std::string default_value;  // for --help
    std::string description;
    bool is_list = false;
    bool is_bool = false;
    /// Stores the value; its error says what would be right: "expected a duration such as 10s or
    /// 5m".
    Setter set;
  };

  explicit Key(Spec spec) : spec_(std::move(spec)) {}

  /// Refuses numbers outside of [minimum, maximum]; durations count in milliseconds, sizes in
  /// bytes.
  Key& Range(std::int64_t minimum, std::int64_t maximum = std::numeric_limits<std::int64_t>::max());
  /// Neither file nor flags may leave it out, nor set it to an empty text.
  Key& Required();

  const Spec& spec() const { return spec_; }
  bool required() const { return required_; }
  std::int64_t minimum() const { return minimum_; }
  std::int64_t maximum() const { return maximum_; }

 private:
  Spec spec_;
  bool required_ = false;
  std::int64_t minimum_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum_ = std::numeric_limits<std::int64_t>::max();
};

/// What main does after a successful Parse.
struct Outcome {
  enum class Action {
    kRun,   // all targets are set
    kExit,  // print `text` on standard output and exit with 0: --help or --version
  };
  Action action = Action::kRun;
  std::string text;
};

/// The keys of a program and the variables that they set. Not thread-safe; targets must outlive the
/// last Parse.
class Table {
 public:
  /// `summary` is the first line of --help.
  Table(std::string program, std::string summary);

  /// Binds a key to a variable. Keys are dotted snake_case; adding one twice, or one that is a
  /// mapping in another's path, is a bug and aborts. Descriptions are one line for people.
  Key& Add(std::string name, std::string* target, std::string description);
  Key& Add(std::string name, bool* target, std::string description);
  Key& Add(std::string name, int* target, std::string description);
  Key& Add(std::string name, std::int64_t* target, std::string description);
  Key& Add(std::string name, double* target, std::string description);
  /// "250ms", "10s", "5m", "24h", "1h30m".
  Key& Add(std::string name, std::chrono::milliseconds* target, std::string description);
  /// As above; fractions of a second are refused.
  Key& Add(std::string name, std::chrono::seconds* target, std::string description);
  /// A YAML sequence; on the command line separated by commas.
  Key& Add(std::string name, std::vector<std::string>* target, std::string description);
  /// A number of bytes: "32MiB", "64KiB", "1GiB", "512".
  Key& AddBytes(std::string name, std::int64_t* target, std::string description);
  /// One of listed words.
  template <typename T>
  Key& AddChoice(std::string name, T* target, std::vector<std::pair<std::string, T>> choices,
                 std::string description);

  /// Reads flags and the file of --config. Errors are INVALID_ARGUMENT, INVALID_FIELD with every
  /// key at fault; each says where ("port.yaml:3:5" or "flag"), which key, and what would be right.
  absl::StatusOr<Outcome> Parse(int argc, const char* const* argv);

  /// What --help prints: every key with type, default and description.
  std::string Help() const;

 private:
  Key& AddKey(Key::Spec spec);
  Key& AddChoiceKey(std::string name, const std::vector<std::string>& words,
                    std::size_t default_index, std::function<void(std::size_t)> store,
                    std::string description);

  const std::string program_;
  const std::string summary_;
  std::vector<std::unique_ptr<Key>> keys_;  // unique_ptr: references to keys stay valid
};

template <typename T>
Key& Table::AddChoice(std::string name, T* target, std::vector<std::pair<std::string, T>> choices,
                      std::string description) {
  std::vector<std::string> words;
  std::size_t default_index = 0;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    words.push_back(choices[i].first);
    if (choices[i].second == *target) {
      default_index = i;
    }
  }
  auto store = [target, choices = std::move(choices)](std::size_t index) {
    *target = choices[index].second;
  };
  return AddChoiceKey(std::move(name), words, default_index, std::move(store),
                      std::move(description));
}

}  // namespace berth::config
