#include "common/config/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::config {

namespace {

// What is wrong with a value is said by the callers, which know where it stands; here only what
// would be right.
absl::Status Expected(std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("expected {}", what));
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> ParseFinite(std::string_view text) {
  const std::optional<double> number = ParseNumber<double>(text);
  return number.has_value() && std::isfinite(*number) ? number : std::nullopt;
}

// A number and the unit after it.
struct Amount {
  std::int64_t number = 0;
  std::string_view unit;
};

// Takes an amount off the front of `text`.
std::optional<Amount> TakeAmount(std::string_view& text) {
  const auto digits_end = std::find_if_not(
      text.begin(), text.end(), [](char letter) { return letter >= '0' && letter <= '9'; });
  const auto unit_end = std::find_if(digits_end, text.end(),
                                     [](char letter) { return letter >= '0' && letter <= '9'; });
  const auto number = ParseNumber<std::int64_t>({text.begin(), digits_end});
  if (!number.has_value()) {
    return std::nullopt;
  }
  const Amount amount{.number = *number, .unit = {digits_end, unit_end}};
  text = {unit_end, text.end()};
  return amount;
}

std::optional<std::int64_t> ParseMilliseconds(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  if (text == "0") {
    return 0;
  }
  std::int64_t total = 0;
  bool any = false;
  while (!text.empty()) {
    const std::optional<Amount> amount = TakeAmount(text);
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& known) {
      return amount.has_value() && known.first == amount->unit;
    });
    std::int64_t part = 0;
    if (unit == std::end(kUnits) || __builtin_mul_overflow(amount->number, unit->second, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    any = true;
  }
  return any ? std::optional(total) : std::nullopt;
}

std::string FormatMilliseconds(std::int64_t milliseconds) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}};
  for (const auto& [unit, length] : kUnits) {
    if (milliseconds != 0 && milliseconds % length == 0) {
      return fmt::format("{}{}", milliseconds / length, unit);
    }
  }
  return fmt::format("{}ms", milliseconds);
}

constexpr std::pair<std::string_view, std::int64_t> kByteUnits[] = {
    {"GiB", std::int64_t{1} << 30}, {"MiB", std::int64_t{1} << 20}, {"KiB", 1 << 10}, {"", 1}};

std::optional<std::int64_t> ParseBytes(std::string_view text) {
  const std::optional<Amount> amount = TakeAmount(text);
  if (!amount.has_value() || !text.empty()) {
    return std::nullopt;
  }
  for (const auto& [unit, size] : kByteUnits) {
    std::int64_t bytes = 0;
    if (amount->unit == unit && !__builtin_mul_overflow(amount->number, size, &bytes)) {
      return bytes;
    }
  }
  return std::nullopt;
}

std::string FormatBytes(std::int64_t bytes) {
  for (const auto& [unit, size] : kByteUnits) {
    if (bytes != 0 && bytes % size == 0) {
      return fmt::format("{}{}", bytes / size, unit);
    }
  }
  return std::to_string(bytes);
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// A value as it was written, and where: "port.yaml:3:5" or "flag".
struct Assignment {
  std::string where;
  std::vector<std::string> values;
};
using Assignments = std::map<std::string, Assignment>;
using Keys = std::vector<std::unique_ptr<Key>>;

const Key* Find(const Keys& keys, std::string_view name) {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const auto& key) { return key->spec().name == name; });
  return found == keys.end() ? nullptr : found->get();
}

// What an unknown key could have been: the known ones of the same mapping.
std::string KnownKeys(const Keys& keys, std::string_view prefix) {
  std::set<std::string> known;
  for (const auto& key : keys) {
    const std::string& name = key->spec().name;
    if (name.starts_with(prefix)) {
      known.insert(name.substr(prefix.size(), name.find('.', prefix.size()) - prefix.size()));
    }
  }
  return Join({known.begin(), known.end()}, ", ");
}

// Reads the YAML file into assignments; every key at fault becomes a violation.
class FileReader {
 public:
  FileReader(const Keys& keys, std::string file, FieldViolations& violations)
      : keys_(keys), file_(std::move(file)), violations_(violations) {}

  Assignments Read() {
    try {
      std::ifstream stream(file_);
      if (!stream) {
        violations_.Add("config", fmt::format("{}: cannot be read", file_));
        return {};
      }
      const std::vector<YAML::Node> documents = YAML::LoadAll(stream);
      if (documents.size() > 1) {
        violations_.Add("config", fmt::format("{}: expected one YAML document", file_));
      } else if (!documents.empty() && !documents.front().IsNull()) {
        ReadMapping(documents.front(), "");
      }
    } catch (const YAML::Exception& error) {  // the only way this library reports anything
      violations_.Add("config", fmt::format("{}: {}", Where(error.mark), error.msg));
    }
    return std::move(assignments_);
  }

 private:
  std::string Where(const YAML::Mark& mark) const {
    return fmt::format("{}:{}:{}", file_, mark.line + 1, mark.column + 1);  // marks count from 0
  }

  void ReadMapping(const YAML::Node& mapping, const std::string& prefix) {
    if (!mapping.IsMap()) {
      violations_.Add(prefix.empty() ? "config" : prefix.substr(0, prefix.size() - 1),
                      fmt::format("{}: expected a mapping of {}", Where(mapping.Mark()),
                                  KnownKeys(keys_, prefix)));
      return;
    }
    for (const auto& entry : mapping) {
      ReadEntry(entry.first, entry.second, prefix);
    }
  }

  void ReadEntry(const YAML::Node& name_node, const YAML::Node& value, const std::string& prefix) {
    const std::string where = Where(name_node.Mark());
    const std::string name = prefix + (name_node.IsScalar() ? name_node.Scalar() : "");
    if (!seen_.insert(name).second) {
      violations_.Add(name, fmt::format("{}: is given twice", where));
    } else if (const Key* key = Find(keys_, name); key != nullptr) {
      ReadValue(*key, value);
    } else if (!KnownKeys(keys_, name + ".").empty()) {
      ReadMapping(value, name + ".");
    } else {
      violations_.Add(name, fmt::format("{}: is not a key; expected one of {}", where,
                                        KnownKeys(keys_, prefix)));
    }
  }

  void ReadValue(const Key& key, const YAML::Node& value) {
    Assignment assignment{.where = Where(value.Mark()), .values = {}};
    if (value.IsScalar()) {
      assignment.values.push_back(value.Scalar());
    } else if (key.spec().is_list && value.IsSequence()) {
      for (const YAML::Node& item : value) {
        if (!item.IsScalar()) {
          violations_.Add(key.spec().name,
                          fmt::format("{}: expected a text in the list", Where(item.Mark())));
          return;
        }
        assignment.values.push_back(item.Scalar());
      }
    } else {
      violations_.Add(key.spec().name,
                      fmt::format("{}: expected a {}", assignment.where, key.spec().type));
      return;
    }
    assignments_.insert_or_assign(key.spec().name, std::move(assignment));
  }

  const Keys& keys_;
  const std::string file_;
  FieldViolations& violations_;
  std::set<std::string> seen_;
  Assignments assignments_;
};

// What the command line says.
struct CommandLine {
  bool help = false;
  bool version = false;
  std::string config;
  Assignments assignments;
};

void ReadFlag(const Keys& keys, std::string_view flag, CommandLine& line,
              FieldViolations& violations) {
  const std::size_t equals = std::min(flag.find('='), flag.size());
  const std::string name(flag.substr(0, equals));
  const bool has_value = equals < flag.size();
  const std::string value(has_value ? flag.substr(equals + 1) : "");
  if (name == "help" || name == "version") {
    (name == "help" ? line.help : line.version) = true;
    return;
  }
  if (name == "config" && !value.empty()) {
    line.config = value;
    return;
  }
  const Key* key = Find(keys, name);
  if (key == nullptr && name != "config") {
    violations.Add(name, "flag: is not a key; --help lists all of them");
  } else if (key == nullptr || (!has_value && !key->spec().is_bool)) {
    violations.Add(name, fmt::format("flag: expected --{}=VALUE", name));
  } else {
    Assignment assignment{.where = "flag", .values = {value}};
    if (key->spec().is_list) {
      assignment.values = SplitList(value);
    } else if (!has_value) {
      assignment.values = {"true"};
    }
    if (!line.assignments.emplace(name, std::move(assignment)).second) {
      violations.Add(name, "flag: is given twice");
    }
  }
}

CommandLine ReadCommandLine(const Keys& keys, int argc, const char* const* argv,
                            FieldViolations& violations) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && argument.size() > 2) {
      ReadFlag(keys, argument.substr(2), line, violations);
    } else {
      violations.Add(argument, "flag: expected --KEY=VALUE; --help lists all keys");
    }
  }
  return line;
}

void Assign(const Key& key, const Assignments& assignments, FieldViolations& violations) {
  const auto found = assignments.find(key.spec().name);
  const bool empty = found == assignments.end() || found->second.values.empty() ||
                     found->second.values == std::vector<std::string>{""};
  if (key.required() && empty) {
    violations.Add(key.spec().name, fmt::format("is required: {}", key.spec().description));
    return;
  }
  if (found == assignments.end()) {
    return;
  }
  const Assignment& assignment = found->second;
  if (const absl::Status set = key.spec().set(key, assignment.values); !set.ok()) {
    violations.Add(key.spec().name,
                   fmt::format("{}: {}, got '{}'", assignment.where, std::string(set.message()),
                               Join(assignment.values, ",")));
  }
}

// A setter of a type that is written as one word; `Parse` gives nothing for words that are wrong.
template <typename Target, typename Parse>
Key::Setter SetOne(Target* target, std::string expected, Parse parse) {
  return [target, expected = std::move(expected), parse](
             const Key&, const std::vector<std::string>& values) -> absl::Status {
    const auto value = parse(values.front());
    if (!value.has_value()) {
      return Expected(expected);
    }
    *target = *value;
    return absl::OkStatus();
  };
}

// The same for what counts in whole numbers and so may have a range; `format` writes its limits.
template <typename Store, typename Parse, typename Format>
Key::Setter SetCount(Store store, const std::string& expected, Parse parse, Format format) {
  return [=](const Key& key, const std::vector<std::string>& values) -> absl::Status {
    const std::optional<std::int64_t> value = parse(values.front());
    if (!value.has_value()) {
      return Expected(expected);
    }
    if (*value < key.minimum()) {
      return Expected(fmt::format("at least {}", format(key.minimum())));
    }
    if (*value > key.maximum()) {
      return Expected(fmt::format("at most {}", format(key.maximum())));
    }
    return store(*value);
  };
}

std::string FormatInteger(std::int64_t value) { return std::to_string(value); }

constexpr std::string_view kDurationForm = "a duration such as 250ms, 10s, 5m or 1h30m";

}  // namespace

std::string_view Version() { return BERTH_VERSION; }

Key& Key::Range(std::int64_t minimum, std::int64_t maximum) {
  minimum_ = minimum;
  maximum_ = maximum;
  return *this;
}

Key& Key::Required() {
  required_ = true;
  return *this;
}

Table::Table(std::string program, std::string summary)
    : program_(std::move(program)), summary_(std::move(summary)) {}

Key& Table::AddKey(Key::Spec spec) {
  for (const auto& key : keys_) {
    const std::string& other = key->spec().name;
    if (other == spec.name || other.starts_with(spec.name + ".") ||
        spec.name.starts_with(other + ".")) {
      std::abort();  // a bug in main's table
    }
  }
  return *keys_.emplace_back(std::make_unique<Key>(std::move(spec)));
}

Key& Table::Add(std::string name, std::string* target, std::string description) {
  auto set = SetOne(target, "a text", [](const std::string& text) { return std::optional(text); });
  return AddKey({.name = std::move(name),
                 .type = "text",
                 .default_value = *target,
                 .description = std::move(description),
                 .set = std::move(set)});
}

Key& Table::Add(std::string name, bool* target, std::string description) {
  const auto parse = [](const std::string& text) {
    return text == "true"    ? std::optional(true)
           : text == "false" ? std::optional(false)
                             : std::nullopt;
  };
  return AddKey({.name = std::move(name),
                 .type = "bool",
                 .default_value = *target ? "true" : "false",
                 .description = std::move(description),
                 .is_bool = true,
                 .set = SetOne(target, "true or false", parse)});
}

Key& Table::Add(std::string name, int* target, std::string description) {
  const auto store = [target](std::int64_t value) -> absl::Status {
    if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
      return Expected("a smaller number");
    }
    *target = static_cast<int>(value);
    return absl::OkStatus();
  };
  return AddKey({.name = std::move(name),
                 .type = "integer",
                 .default_value = std::to_string(*target),
                 .description = std::move(description),
                 .set = SetCount(store, "an integer", ParseNumber<std::int64_t>, FormatInteger)});
}

Key& Table::Add(std::string name, std::int64_t* target, std::string description) {
  const auto store = [target](std::int64_t value) {
    *target = value;
    return absl::OkStatus();
  };
  return AddKey({.name = std::move(name),
                 .type = "integer",
                 .default_value = std::to_string(*target),
                 .description = std::move(description),
                 .set = SetCount(store, "an integer", ParseNumber<std::int64_t>, FormatInteger)});
}

Key& Table::Add(std::string name, double* target, std::string description) {
  return AddKey({.name = std::move(name),
                 .type = "number",
                 .default_value = fmt::format("{}", *target),
                 .description = std::move(description),
                 .set = SetOne(target, "a number", ParseFinite)});
}

Key& Table::Add(std::string name, std::chrono::milliseconds* target, std::string description) {
  const auto store = [target](std::int64_t value) {
    *target = std::chrono::milliseconds(value);
    return absl::OkStatus();
  };
  return AddKey(
      {.name = std::move(name),
       .type = "duration",
       .default_value = FormatMilliseconds(target->count()),
       .description = std::move(description),
       .set = SetCount(store, std::string(kDurationForm), ParseMilliseconds, FormatMilliseconds)});
}

Key& Table::Add(std::string name, std::chrono::seconds* target, std::string description) {
  const auto store = [target](std::int64_t value) -> absl::Status {
    if (value % 1000 != 0) {
      return Expected("a duration in whole seconds, such as 10s or 5m");
    }
    *target = std::chrono::seconds(value / 1000);
    return absl::OkStatus();
  };
  const std::int64_t milliseconds = std::chrono::milliseconds(*target).count();
  return AddKey(
      {.name = std::move(name),
       .type = "duration",
       .default_value = FormatMilliseconds(milliseconds),
       .description = std::move(description),
       .set = SetCount(store, std::string(kDurationForm), ParseMilliseconds, FormatMilliseconds)});
}

Key& Table::Add(std::string name, std::vector<std::string>* target, std::string description) {
  const auto set = [target](const Key&, const std::vector<std::string>& values) {
    *target = values;
    return absl::OkStatus();
  };
  return AddKey({.name = std::move(name),
                 .type = "list",
                 .default_value = Join(*target, ","),
                 .description = std::move(description),
                 .is_list = true,
                 .set = set});
}

Key& Table::AddBytes(std::string name, std::int64_t* target, std::string description) {
  const auto store = [target](std::int64_t value) {
    *target = value;
    return absl::OkStatus();
  };
  return AddKey({.name = std::move(name),
                 .type = "size",
                 .default_value = FormatBytes(*target),
                 .description = std::move(description),
                 .set = SetCount(store, "a size such as 512, 64KiB, 32MiB or 1GiB", ParseBytes,
                                 FormatBytes)});
}

Key& Table::AddChoiceKey(std::string name, const std::vector<std::string>& words,
                         std::size_t default_index, std::function<void(std::size_t)> store,
                         std::string description) {
  auto set = [words, store = std::move(store)](
                 const Key&, const std::vector<std::string>& values) -> absl::Status {
    const auto found = std::find(words.begin(), words.end(), values.front());
    if (found == words.end()) {
      return Expected(fmt::format("one of {}", Join(words, ", ")));
    }
    store(static_cast<std::size_t>(found - words.begin()));
    return absl::OkStatus();
  };
  return AddKey({.name = std::move(name),
                 .type = Join(words, "|"),
                 .default_value = words[default_index],
                 .description = std::move(description),
                 .set = std::move(set)});
}

absl::StatusOr<Outcome> Table::Parse(int argc, const char* const* argv) {
  FieldViolations violations;
  CommandLine line = ReadCommandLine(keys_, argc, argv, violations);
  if (line.help) {
    return Outcome{.action = Outcome::Action::kExit, .text = Help()};
  }
  if (line.version) {
    return Outcome{.action = Outcome::Action::kExit,
                   .text = fmt::format("{} {}\n", program_, Version())};
  }
  Assignments assignments = std::move(line.assignments);
  if (!line.config.empty()) {
    assignments.merge(FileReader(keys_, line.config, violations).Read());  // flags stay
  }
  for (const auto& key : keys_) {
    Assign(*key, assignments, violations);
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return Outcome{};
}

std::string Table::Help() const {
  std::string text = fmt::format(
      "{}: {}\n\n"
      "Usage: {} [--config=FILE] [--KEY=VALUE]... | --help | --version\n\n"
      "Every key may stand in the YAML file too; 'a.b' is 'b' inside the mapping 'a' there.\n"
      "Flags win over the file.\n\n",
      program_, summary_, program_);
  for (const auto& key : keys_) {
    const Key::Spec& spec = key->spec();
    text += fmt::format("  --{}={}  ({})\n      {}\n", spec.name, spec.type,
                        key->required()              ? "required"
                        : spec.default_value.empty() ? "default empty"
                                                     : "default " + spec.default_value,
                        spec.description);
  }
  return text;
}

}  // namespace berth::config
