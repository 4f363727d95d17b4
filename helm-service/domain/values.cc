#include "helm-service/domain/values.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <utility>

#include "common/status/macros.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

// Bytes of a key as it is written: YAML parsers give up on longer ones in a flow mapping.
constexpr std::size_t kLongestKey = 1000;

bool IsTooLong(const std::string& key) {
  constexpr std::size_t kLongestEscape = 6;
  return key.size() > kLongestKey / kLongestEscape && WriteValues(Json(key)).size() > kLongestKey;
}

class Checker {
 public:
  explicit Checker(const ValuesLimits& limits) : limits_(limits) {}

  absl::Status Check(const Json& value, const std::string& path, int depth) {
    if (depth > limits_.depth)
      return Refuse(path, fmt::format("nested deeper than {}", limits_.depth));
    if (++nodes_ > limits_.nodes) {
      return absl::InvalidArgumentError(fmt::format("more than {} values", limits_.nodes));
    }
    if (value.is_number()) return CheckNumber(value, path);
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        RETURN_IF_ERROR(Check(value[i], fmt::format("{}[{}]", path, i), depth + 1));
      }
    }
    if (value.is_object()) {
      for (const auto& [key, child] : value.items()) {
        if (IsTooLong(key)) return Refuse(path, "has a key above 1,000 bytes, escapes written out");
        RETURN_IF_ERROR(
            Check(child, path.empty() ? key : fmt::format("{}.{}", path, key), depth + 1));
      }
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status Refuse(const std::string& path, std::string_view why) {
    // Keys are the caller's own; a huge path is of no use to anyone.
    return absl::InvalidArgumentError(
        fmt::format("{}: {}", path.empty() ? "the top" : path.substr(0, 200), why));
  }

  static absl::Status CheckNumber(const Json& value, const std::string& path) {
    if (value.is_number_float()) {
      if (!std::isfinite(value.get<double>())) return Refuse(path, "not a finite number");
    } else if (IsBeyondExact(value)) {
      return Refuse(path, "an integer beyond 2^53 would lose digits in Helm: quote it");
    }
    return absl::OkStatus();
  }

  static bool IsBeyondExact(const Json& integer) {
    if (integer.is_number_unsigned())
      return integer.get<std::uint64_t>() > std::uint64_t{kLargestExactInteger};
    const auto value = integer.get<std::int64_t>();
    return value > kLargestExactInteger || value < -kLargestExactInteger;
  }

  const ValuesLimits& limits_;
  std::size_t nodes_ = 0;
};

void MergeInto(Json& target, Json source) {
  for (auto& [key, value] : source.items()) {
    Json& slot = target[key];
    if (slot.is_object() && value.is_object()) {
      MergeInto(slot, std::move(value));
    } else {
      slot = std::move(value);
    }
  }
}

// Characters that JSON allows in a string as they are and YAML does not, or folds as line breaks.
bool NeedsEscape(std::uint32_t c) {
  return (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
         c == 0xFFFF;
}

}  // namespace

absl::Status CheckValues(const Json& values, const ValuesLimits& limits) {
  return Checker(limits).Check(values, "", 0);
}

Json MergeValues(std::vector<Json> sources) {
  Json merged = Json::object();
  for (Json& source : sources) MergeInto(merged, std::move(source));
  return merged;
}

std::string WriteValues(const Json& values) {
  // Not the ASCII form: YAML does not join the surrogate pairs that it would write.
  const std::string json = values.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  text.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const auto lead = static_cast<unsigned char>(json[i]);
    std::uint32_t c = lead;
    std::size_t length = 1;
    if ((lead & 0xE0) == 0xC0) {
      c = (lead & 0x1FU) << 6 | (static_cast<unsigned char>(json[i + 1]) & 0x3FU);
      length = 2;
    } else if ((lead & 0xF0) == 0xE0) {
      c = (lead & 0x0FU) << 12 | (static_cast<unsigned char>(json[i + 1]) & 0x3FU) << 6 |
          (static_cast<unsigned char>(json[i + 2]) & 0x3FU);
      length = 3;
    } else if ((lead & 0xF8) == 0xF0) {
      length = 4;  // none of these needs an escape
    }
    if (length < 4 && NeedsEscape(c)) {
      text += fmt::format("\\u{:04x}", c);
    } else {
      text.append(json, i, length);
    }
    i += length;
  }
  return text;
}

}  // namespace berth::helm
