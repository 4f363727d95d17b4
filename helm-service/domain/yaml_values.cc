#include "helm-service/domain/yaml_values.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/text/utf8.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

// What ends parsing early; never leaves this file.
struct Refusal final : std::exception {
  Refusal(const YAML::Mark& where, std::string reason) : mark(where), why(std::move(reason)) {}

  YAML::Mark mark;
  std::string why;
};

constexpr std::array<std::string_view, 11> kTrue = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                                    "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> kFalse = {"n",     "N",     "no",  "No",  "NO", "false",
                                                     "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null", "NULL"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// An integer as Helm's YAML library takes it: underscores ignored, 0x, 0o, 0b, and a leading 0 for
// octal. One beyond 64 bits becomes a huge number, to be refused by CheckValues like any beyond
// 2^53.
std::optional<Json> ReadInteger(std::string text) {
  std::erase(text, '_');
  const bool negative = text.starts_with('-');
  std::string_view digits = text;
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  std::size_t prefix = 0;
  if (digits.size() > 1 && digits[0] == '0') {
    const char marker = static_cast<char>(std::tolower(static_cast<unsigned char>(digits[1])));
    base = marker == 'x' ? 16 : marker == 'b' ? 2 : 8;
    prefix = marker == 'x' || marker == 'b' || marker == 'o' ? 2 : 1;
  }
  digits.remove_prefix(prefix);
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62;
  if (error == std::errc::result_out_of_range || magnitude > kHuge) magnitude = kHuge;
  const auto value = static_cast<std::int64_t>(magnitude);
  return Json(negative ? -value : value);
}

std::optional<Json> ReadFloat(std::string text) {
  static const LazyRE2 kFloat = {R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"};
  std::erase(text, '_');
  if (!RE2::FullMatch(text, *kFloat)) return std::nullopt;
  const double value = std::strtod(text.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;  // too large for a number: text, as for Helm
  return Json(value);
}

bool IsInfinityOrNan(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
         text == ".NAN";
}

Json ReadPlain(const YAML::Mark& mark, const std::string& text) {
  if (Contains(kNull, text)) return nullptr;
  if (Contains(kTrue, text)) return true;
  if (Contains(kFalse, text)) return false;
  if (IsInfinityOrNan(text)) throw Refusal{mark, "not a finite number"};
  const bool numeric = std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '-' ||
                       text[0] == '+' || text[0] == '.';
  if (!numeric) return text;
  if (std::optional<Json> integer = ReadInteger(text)) return *std::move(integer);
  if (std::optional<Json> number = ReadFloat(text)) return *std::move(number);
  return text;
}

struct Weight {
  std::size_t nodes = 1;
  std::size_t bytes = 0;
};

Weight Weigh(const Json& value) {
  Weight total;
  if (value.is_string()) total.bytes = value.get_ref<const std::string&>().size();
  if (!value.is_structured()) return total;
  for (const auto& [key, child] : value.items()) {
    const Weight weight = Weigh(child);
    total.nodes += weight.nodes;
    total.bytes += weight.bytes + key.size();
  }
  return total;
}

// What becomes of a key that stands twice in one mapping.
enum class RepeatedKeys { kRefused, kLastCounts };

// Builds the document from the parser's events: unlike a tree of YAML nodes it costs no more than
// the limits allow, whatever the text.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const ValuesLimits& limits, RepeatedKeys repeated_keys)
      : limits_(limits), repeated_keys_(repeated_keys) {}

  Json Take() { return root_.has_value() ? *std::exchange(root_, std::nullopt) : Json(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Count(mark, 1);
    Add(mark, anchor, nullptr, /*plain=*/true, "");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refusal{mark, "an alias inside of its own anchor"};
    CountCopy(mark, found->second);
    Add(mark, YAML::NullAnchor, found->second, /*plain=*/false, "");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Count(mark, 1);
    if (!IsUtf8(text)) throw Refusal{mark, "text that is not UTF-8"};
    const bool plain = tag == "?";
    const bool is_string = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!plain && !is_string) throw Refusal{mark, "tags other than !!str are not supported"};
    const bool is_key = !open_.empty() && open_.back().awaits_key();
    Json value = plain && !is_key ? ReadPlain(mark, text) : Json(text);
    Add(mark, anchor, std::move(value), plain, text);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Json::array());
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, Json::object());
  }
  void OnMapEnd() override { Close(); }

 private:
  // A sequence or mapping under construction.
  struct Container {
    YAML::Mark mark;
    YAML::anchor_t anchor;
    Json value;
    std::optional<std::string> key;
    bool key_is_merge = false;
    std::vector<Json> merges;

    bool awaits_key() const { return value.is_object() && !key.has_value(); }
  };

  void Count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes) {
      throw Refusal{mark, fmt::format("more than {} values", limits_.nodes)};
    }
  }

  // What an anchor keeps and an alias writes out is bounded too.
  void CountCopy(const YAML::Mark& mark, const Json& value) {
    const Weight weight = Weigh(value);
    Count(mark, weight.nodes);
    copied_bytes_ += weight.bytes;
    if (copied_bytes_ > limits_.bytes) throw Refusal{mark, "anchors that write out to too much"};
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json empty) {
    Count(mark, 1);
    if (tag != "?" && tag != "!" && !tag.empty()) throw Refusal{mark, "tags are not supported"};
    if (open_.size() >= static_cast<std::size_t>(limits_.depth)) {
      throw Refusal{mark, fmt::format("nested deeper than {}", limits_.depth)};
    }
    if (!open_.empty() && open_.back().awaits_key()) {
      throw Refusal{mark, "a key that is not a scalar"};
    }
    open_.push_back(Container{.mark = mark, .anchor = anchor, .value = std::move(empty)});
  }

  void Close() {
    Container closed = std::move(open_.back());
    open_.pop_back();
    // Keys written out win over merged ones, earlier merges over later ones.
    for (Json& merge : closed.merges) {
      for (auto& [key, value] : merge.items()) {
        if (!closed.value.contains(key)) closed.value[key] = std::move(value);
      }
    }
    Add(closed.mark, closed.anchor, std::move(closed.value), /*plain=*/false, "");
  }

  void Add(const YAML::Mark& mark, YAML::anchor_t anchor, Json value, bool plain,
           const std::string& text) {
    if (anchor != YAML::NullAnchor) {
      CountCopy(mark, value);
      anchors_[anchor] = value;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Container& parent = open_.back();
    if (parent.value.is_array()) {
      parent.value.push_back(std::move(value));
    } else if (!parent.key.has_value()) {
      SetKey(mark, parent, value, plain && text == "<<", text);
    } else if (std::exchange(parent.key_is_merge, false)) {
      parent.key.reset();
      AddMerge(mark, parent, std::move(value));
    } else {
      parent.value[*std::exchange(parent.key, std::nullopt)] = std::move(value);
    }
  }

  void SetKey(const YAML::Mark& mark, Container& parent, const Json& value, bool is_merge,
              const std::string& text) const {
    if (value.is_null() && text.empty()) throw Refusal{mark, "a mapping with an empty key"};
    if (!value.is_string()) throw Refusal{mark, "a key that is not a scalar"};
    parent.key = value.get<std::string>();
    parent.key_is_merge = is_merge;
    if (!is_merge && repeated_keys_ == RepeatedKeys::kRefused &&
        parent.value.contains(*parent.key)) {
      throw Refusal{mark, "a key that the mapping has already"};
    }
  }

  static void AddMerge(const YAML::Mark& mark, Container& parent, Json value) {
    Json list = value.is_array() ? std::move(value) : Json::array({std::move(value)});
    for (Json& merge : list) {
      if (!merge.is_object()) throw Refusal{mark, "a merge key needs mappings"};
      parent.merges.push_back(std::move(merge));
    }
  }

  const ValuesLimits& limits_;
  const RepeatedKeys repeated_keys_;
  std::size_t nodes_ = 0;
  std::size_t copied_bytes_ = 0;
  std::vector<Container> open_;
  std::map<YAML::anchor_t, Json> anchors_;
  std::optional<Json> root_;
};

absl::Status At(const YAML::Mark& mark, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, why));
}

absl::StatusOr<Json> ReadMapping(const std::string& yaml, const ValuesLimits& limits,
                                 RepeatedKeys repeated_keys) {
  Json document;
  try {
    std::istringstream input(yaml);
    YAML::Parser parser(input);
    Builder builder(limits, repeated_keys);
    parser.HandleNextDocument(builder);
    document = builder.Take();
    Builder second(limits, repeated_keys);
    if (parser.HandleNextDocument(second) && !second.Take().is_null()) {
      return absl::InvalidArgumentError("more than one YAML document");
    }
  } catch (const Refusal& refusal) {
    return At(refusal.mark, refusal.why);
  } catch (const YAML::Exception& error) {
    // What follows a colon in its messages, and what(), repeats parts of the text.
    return At(error.mark, "not YAML: " + error.msg.substr(0, error.msg.find(':')));
  }
  if (document.is_null()) return Json::object();
  if (!document.is_object()) return absl::InvalidArgumentError("must be a YAML mapping");
  return document;
}

}  // namespace

absl::StatusOr<Json> ReadYamlValues(const std::string& yaml, const ValuesLimits& limits) {
  return ReadMapping(yaml, limits, RepeatedKeys::kRefused);
}

absl::StatusOr<Json> ReadYamlObject(const std::string& yaml, const ValuesLimits& limits) {
  return ReadMapping(yaml, limits, RepeatedKeys::kLastCounts);
}

}  // namespace berth::helm
