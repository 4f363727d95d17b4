#include "helm-service/domain/json_schema.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "common/status/macros.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestList = 300;  // bytes of an enumeration in a description

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The dialects whose rules are known; any other would have to be fetched.
bool IsKnownDialect(std::string_view uri) {
  while (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) uri.remove_prefix(scheme.size());
  }
  constexpr std::array<std::string_view, 6> kKnown = {
      "json-schema.org/schema",
      "json-schema.org/draft-04/schema",
      "json-schema.org/draft-06/schema",
      "json-schema.org/draft-07/schema",
      "json-schema.org/draft/2019-09/schema",
      "json-schema.org/draft/2020-12/schema",
  };
  return std::find(kKnown.begin(), kKnown.end(), uri) != kKnown.end();
}

bool IsUntilDraft7(std::string_view uri) { return uri.find("/draft-0") != std::string_view::npos; }

// A step of a JSON pointer, as written there.
std::string Escaped(std::string_view key) {
  std::string text;
  for (const char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

std::string Unescaped(std::string_view step) {
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escaped = step[i] == '~' && i + 1 < step.size();
    text += !escaped ? step[i] : step[i + 1] == '1' ? '/' : '~';
    i += escaped ? 1 : 0;
  }
  return text;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* end = text.data() + std::min(i + 3, text.size());
    if (text[i] == '%' && std::from_chars(text.data() + i + 1, end, byte, 16).ptr == end &&
        end == text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

const Json* Find(const Json& root, std::string_view pointer) {
  const Json* at = &root;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string step = Unescaped(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (at->is_object()) {
      const auto found = at->find(step);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else {
      std::size_t index = 0;
      const auto [rest, error] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (!at->is_array() || error != std::errc() || rest != step.data() + step.size()) {
        return nullptr;
      }
      if (index >= at->size()) return nullptr;
      at = &(*at)[index];
    }
  }
  return pointer.empty() ? at : nullptr;
}

bool IsInteger(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  return std::isfinite(number) && number == std::trunc(number);
}

bool IsOfType(const Json& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  return type == "integer" && IsInteger(value);
}

std::string_view TypeOf(const Json& value) {
  constexpr std::array<std::string_view, 6> kTypes = {"null",  "boolean", "object",
                                                      "array", "number",  "string"};
  for (const std::string_view type : kTypes) {
    if (IsOfType(value, type)) return type;
  }
  return "unknown";
}

std::size_t CodePoints(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string Listed(const Json& values) {
  std::string text;
  for (const Json& value : values) {
    text += text.empty() ? "" : ", ";
    text += value.is_string() ? value.get<std::string>()
                              : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > kLongestList) return text.substr(0, kLongestList) + "…";
  }
  return text;
}

std::string Member(const std::string& path, const std::string& key) {
  if (key.empty() || key.find_first_of(".[]\"") != std::string::npos) {
    return fmt::format("{}[\"{}\"]", path, key);
  }
  return path.empty() ? key : fmt::format("{}.{}", path, key);
}

std::string Element(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

}  // namespace

/// Walks a schema once: finds what can be referred to, and refuses what leads out of it.
class JsonSchema::Indexer {
 public:
  explicit Indexer(JsonSchema& schema) : schema_(schema) {}

  absl::Status Index() {
    RETURN_IF_ERROR(Visit(schema_.root_, "", 0));
    for (const std::string& reference : references_) {
      const std::string document = reference.substr(0, reference.find('#'));
      if (!document.empty() && !schema_.anchors_.contains(document)) {
        return absl::InvalidArgumentError(
            "refers to another document ($ref), which is not fetched");
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Visit(const Json& at, const std::string& pointer, int depth) {
    if (depth > schema_.limits_.depth) return absl::InvalidArgumentError("is nested too deep");
    if (at.is_array()) {
      for (std::size_t i = 0; i < at.size(); ++i) {
        RETURN_IF_ERROR(Visit(at[i], fmt::format("{}/{}", pointer, i), depth + 1));
      }
    }
    if (!at.is_object()) return absl::OkStatus();
    RETURN_IF_ERROR(TakeKeywords(at, pointer));
    for (const auto& [key, child] : at.items()) {
      if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
      RETURN_IF_ERROR(Visit(child, pointer + "/" + Escaped(key), depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status TakeKeywords(const Json& schema, const std::string& pointer) {
    const std::string dialect = TextOf(schema, "$schema");
    if (!dialect.empty() && !IsKnownDialect(dialect)) {
      return absl::InvalidArgumentError("is of a dialect ($schema) that is not known");
    }
    for (const char* key : {"$ref", "$dynamicRef", "$recursiveRef"}) {
      const std::string reference = TextOf(schema, key);
      if (!reference.empty()) references_.push_back(reference);
    }
    for (const char* key : {"$id", "id"}) {
      std::string id = TextOf(schema, key);
      if (id.ends_with('#')) id.pop_back();
      if (!id.empty()) schema_.anchors_.emplace(id, pointer);
    }
    for (const char* key : {"$anchor", "$dynamicAnchor"}) {
      const std::string anchor = TextOf(schema, key);
      if (!anchor.empty()) schema_.anchors_.emplace("#" + anchor, pointer);
    }
    return absl::OkStatus();
  }

  JsonSchema& schema_;
  std::vector<std::string> references_;
};

/// One validation of one document.
class JsonSchema::Validation {
 public:
  explicit Validation(const JsonSchema& schema) : schema_(schema) {}

  absl::StatusOr<std::vector<SchemaViolation>> Run(const Json& document) {
    Apply(schema_.root_, document, "");
    if (exhausted_) {
      return absl::InvalidArgumentError("asks for too much work, or refers to itself without end");
    }
    return std::move(violations_);
  }

 private:
  /// Whether `value` is as `schema` wants it; adds a violation for all that is not.
  bool Apply(const Json& schema, const Json& value, const std::string& path);
  bool ApplyKeywords(const Json& schema, const Json& value, const std::string& path);
  /// As Apply, without telling.
  bool Matches(const Json& schema, const Json& value, const std::string& path);

  bool ApplyReference(const Json& schema, const Json& value, const std::string& path);
  bool ApplyType(const Json& schema, const Json& value, const std::string& path);
  bool ApplyNumber(const Json& schema, const Json& value, const std::string& path);
  bool ApplyString(const Json& schema, const Json& value, const std::string& path);
  bool ApplyArray(const Json& schema, const Json& value, const std::string& path);
  bool ApplyItems(const Json& schema, const Json& value, const std::string& path);
  bool ApplyContains(const Json& schema, const Json& value, const std::string& path);
  bool ApplyObject(const Json& schema, const Json& value, const std::string& path);
  bool ApplyProperties(const Json& schema, const Json& value, const std::string& path);
  bool ApplyDependencies(const Json& schema, const Json& value, const std::string& path);
  bool ApplyCombinations(const Json& schema, const Json& value, const std::string& path);
  bool ApplyCondition(const Json& schema, const Json& value, const std::string& path);

  bool Tell(const std::string& path, std::string description);
  /// Nothing where RE2 cannot say.
  std::optional<bool> MatchesPattern(const std::string& pattern, const std::string& text);
  const Json* Resolve(const std::string& reference) const;

  const JsonSchema& schema_;
  std::vector<SchemaViolation> violations_;
  std::map<std::string, std::unique_ptr<RE2>> patterns_;
  int depth_ = 0;
  int silent_ = 0;
  std::size_t steps_ = 0;
  bool exhausted_ = false;
};

namespace {

const Json* Keyword(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  return found == schema.end() ? nullptr : &*found;
}

const Json* NumberKeyword(const Json& schema, const char* key) {
  const Json* found = Keyword(schema, key);
  return found != nullptr && found->is_number() ? found : nullptr;
}

std::optional<double> Count(const Json& schema, const char* key) {
  const Json* found = NumberKeyword(schema, key);
  return found == nullptr ? std::nullopt : std::optional<double>(found->get<double>());
}

bool IsMultiple(double value, double of) {
  constexpr double kTolerance = 1e-9;
  const double times = value / of;
  return !std::isfinite(times) || std::abs(times - std::round(times)) < kTolerance;
}

}  // namespace

bool JsonSchema::Validation::Tell(const std::string& path, std::string description) {
  if (silent_ == 0 && violations_.size() < schema_.limits_.violations) {
    violations_.push_back({path, std::move(description)});
  }
  return false;
}

bool JsonSchema::Validation::Apply(const Json& schema, const Json& value, const std::string& path) {
  if (exhausted_ || ++steps_ > schema_.limits_.steps || depth_ > schema_.limits_.depth) {
    exhausted_ = true;
    return true;
  }
  if (schema.is_boolean()) return schema.get<bool>() || Tell(path, "is not allowed");
  if (!schema.is_object()) return true;
  ++depth_;
  const bool fits = ApplyKeywords(schema, value, path);
  --depth_;
  return fits;
}

bool JsonSchema::Validation::ApplyKeywords(const Json& schema, const Json& value,
                                           const std::string& path) {
  bool fits = ApplyReference(schema, value, path);
  const Json* reference = Keyword(schema, "$ref");
  if (schema_.ref_stands_alone_ && reference != nullptr && reference->is_string()) return fits;
  fits &= ApplyType(schema, value, path);
  if (value.is_number()) fits &= ApplyNumber(schema, value, path);
  if (value.is_string()) fits &= ApplyString(schema, value, path);
  if (value.is_array()) fits &= ApplyArray(schema, value, path);
  if (value.is_object()) fits &= ApplyObject(schema, value, path);
  fits &= ApplyCombinations(schema, value, path);
  fits &= ApplyCondition(schema, value, path);
  return fits;
}

bool JsonSchema::Validation::Matches(const Json& schema, const Json& value,
                                     const std::string& path) {
  ++silent_;
  const bool fits = Apply(schema, value, path);
  --silent_;
  return fits;
}

const Json* JsonSchema::Validation::Resolve(const std::string& reference) const {
  const std::size_t hash = std::min(reference.find('#'), reference.size());
  const std::string document = reference.substr(0, hash);
  const std::string fragment =
      hash == reference.size() ? "" : PercentDecoded(reference.substr(hash + 1));
  std::string base;
  if (!document.empty()) {
    const auto found = schema_.anchors_.find(document);
    if (found == schema_.anchors_.end()) return nullptr;
    base = found->second;
  }
  if (fragment.empty() || fragment.front() == '/') return Find(schema_.root_, base + fragment);
  const auto anchor = schema_.anchors_.find("#" + fragment);
  return anchor == schema_.anchors_.end() ? nullptr : Find(schema_.root_, anchor->second);
}

bool JsonSchema::Validation::ApplyReference(const Json& schema, const Json& value,
                                            const std::string& path) {
  const std::string reference = TextOf(schema, "$ref");
  if (reference.empty()) return true;
  const Json* target = Resolve(reference);
  // Helm says best what is wrong with a schema that refers to nothing.
  return target == nullptr || Apply(*target, value, path);
}

bool JsonSchema::Validation::ApplyType(const Json& schema, const Json& value,
                                       const std::string& path) {
  bool fits = true;
  if (const Json* type = Keyword(schema, "type")) {
    const Json types = type->is_array() ? *type : Json::array({*type});
    const bool known = std::any_of(types.begin(), types.end(), [&](const Json& name) {
      return name.is_string() && IsOfType(value, name.get_ref<const std::string&>());
    });
    if (!known) {
      fits = Tell(path, fmt::format("must be of type {}, not {}", Listed(types), TypeOf(value)));
    }
  }
  if (const Json* list = Keyword(schema, "enum"); list != nullptr && list->is_array()) {
    if (std::find(list->begin(), list->end(), value) == list->end()) {
      fits = Tell(path, fmt::format("must be one of: {}", Listed(*list)));
    }
  }
  if (const Json* only = Keyword(schema, "const"); only != nullptr && *only != value) {
    fits = Tell(path, fmt::format("must be {}", Listed(Json::array({*only}))));
  }
  return fits;
}

bool JsonSchema::Validation::ApplyNumber(const Json& schema, const Json& value,
                                         const std::string& path) {
  bool fits = true;
  // In draft 4 `exclusive…` is a flag of the other.
  const auto is_exclusive = [&](const char* key) {
    const Json* flag = Keyword(schema, key);
    return flag != nullptr && flag->is_boolean() && flag->get<bool>();
  };
  if (const Json* least = NumberKeyword(schema, "minimum")) {
    if (is_exclusive("exclusiveMinimum") ? value <= *least : value < *least) {
      fits = Tell(path, fmt::format("must not be below {}", least->dump()));
    }
  }
  if (const Json* most = NumberKeyword(schema, "maximum")) {
    if (is_exclusive("exclusiveMaximum") ? value >= *most : value > *most) {
      fits = Tell(path, fmt::format("must not be above {}", most->dump()));
    }
  }
  const Json* above = NumberKeyword(schema, "exclusiveMinimum");
  if (above != nullptr && value <= *above) {
    fits = Tell(path, fmt::format("must be above {}", above->dump()));
  }
  const Json* below = NumberKeyword(schema, "exclusiveMaximum");
  if (below != nullptr && value >= *below) {
    fits = Tell(path, fmt::format("must be below {}", below->dump()));
  }
  const Json* factor = NumberKeyword(schema, "multipleOf");
  if (factor != nullptr && *factor > 0 && !IsMultiple(value.get<double>(), factor->get<double>())) {
    fits = Tell(path, fmt::format("must be a multiple of {}", factor->dump()));
  }
  return fits;
}

std::optional<bool> JsonSchema::Validation::MatchesPattern(const std::string& pattern,
                                                           const std::string& text) {
  std::unique_ptr<RE2>& compiled = patterns_[pattern];
  if (compiled == nullptr) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(std::int64_t{1} << 20);
    compiled = std::make_unique<RE2>(pattern, options);
  }
  if (!compiled->ok()) return std::nullopt;
  return RE2::PartialMatch(text, *compiled);
}

bool JsonSchema::Validation::ApplyString(const Json& schema, const Json& value,
                                         const std::string& path) {
  const auto& text = value.get_ref<const std::string&>();
  const auto length = static_cast<double>(CodePoints(text));
  bool fits = true;
  if (const auto least = Count(schema, "minLength"); least && length < *least) {
    fits = Tell(path, fmt::format("must have at least {} characters", *least));
  }
  if (const auto most = Count(schema, "maxLength"); most && length > *most) {
    fits = Tell(path, fmt::format("must have at most {} characters", *most));
  }
  const std::string pattern = TextOf(schema, "pattern");
  if (!pattern.empty() && !MatchesPattern(pattern, text).value_or(true)) {
    fits = Tell(path, fmt::format("must match {}", pattern.substr(0, kLongestList)));
  }
  return fits;
}

bool JsonSchema::Validation::ApplyArray(const Json& schema, const Json& value,
                                        const std::string& path) {
  bool fits = true;
  const auto size = static_cast<double>(value.size());
  if (const auto least = Count(schema, "minItems"); least && size < *least) {
    fits = Tell(path, fmt::format("must have at least {} elements", *least));
  }
  if (const auto most = Count(schema, "maxItems"); most && size > *most) {
    fits = Tell(path, fmt::format("must have at most {} elements", *most));
  }
  if (const Json* unique = Keyword(schema, "uniqueItems"); unique != nullptr && *unique == true) {
    std::vector<const Json*> sorted;
    for (const Json& element : value) sorted.push_back(&element);
    std::sort(sorted.begin(), sorted.end(), [](const Json* a, const Json* b) { return *a < *b; });
    const auto twin = std::adjacent_find(sorted.begin(), sorted.end(),
                                         [](const Json* a, const Json* b) { return *a == *b; });
    if (twin != sorted.end()) fits = Tell(path, "must not have two equal elements");
  }
  fits &= ApplyItems(schema, value, path);
  fits &= ApplyContains(schema, value, path);
  return fits;
}

bool JsonSchema::Validation::ApplyItems(const Json& schema, const Json& value,
                                        const std::string& path) {
  const Json* items = Keyword(schema, "items");
  // A list of schemas, one for each of the first elements, is `prefixItems` since 2020-12.
  const bool is_old_list = items != nullptr && items->is_array();
  const Json* first = is_old_list ? items : Keyword(schema, "prefixItems");
  const Json* rest = is_old_list ? Keyword(schema, "additionalItems") : items;
  bool fits = true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (first != nullptr && first->is_array() && i < first->size()) {
      fits &= Apply((*first)[i], value[i], Element(path, i));
    } else if (rest != nullptr) {
      fits &= Apply(*rest, value[i], Element(path, i));
    }
  }
  return fits;
}

bool JsonSchema::Validation::ApplyContains(const Json& schema, const Json& value,
                                           const std::string& path) {
  const Json* contains = Keyword(schema, "contains");
  if (contains == nullptr) return true;
  double count = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (Matches(*contains, value[i], Element(path, i))) ++count;
  }
  if (count < Count(schema, "minContains").value_or(1)) {
    return Tell(path, "lacks an element that the schema asks for");
  }
  if (const auto most = Count(schema, "maxContains"); most && count > *most) {
    return Tell(path, fmt::format("has more than {} elements of a kind", *most));
  }
  return true;
}

bool JsonSchema::Validation::ApplyObject(const Json& schema, const Json& value,
                                         const std::string& path) {
  bool fits = true;
  const auto size = static_cast<double>(value.size());
  if (const auto least = Count(schema, "minProperties"); least && size < *least) {
    fits = Tell(path, fmt::format("must have at least {} members", *least));
  }
  if (const auto most = Count(schema, "maxProperties"); most && size > *most) {
    fits = Tell(path, fmt::format("must have at most {} members", *most));
  }
  if (const Json* required = Keyword(schema, "required");
      required != nullptr && required->is_array()) {
    for (const Json& name : *required) {
      if (!name.is_string() || value.contains(name.get_ref<const std::string&>())) continue;
      fits = Tell(Member(path, name.get<std::string>()), "is required");
    }
  }
  fits &= ApplyProperties(schema, value, path);
  fits &= ApplyDependencies(schema, value, path);
  return fits;
}

bool JsonSchema::Validation::ApplyProperties(const Json& schema, const Json& value,
                                             const std::string& path) {
  const Json* properties = Keyword(schema, "properties");
  const Json* patterns = Keyword(schema, "patternProperties");
  const Json* others = Keyword(schema, "additionalProperties");
  const Json* names = Keyword(schema, "propertyNames");
  bool fits = true;
  for (const auto& [key, child] : value.items()) {
    const std::string child_path = Member(path, key);
    bool known = false;
    if (properties != nullptr && properties->is_object() && properties->contains(key)) {
      known = true;
      fits &= Apply((*properties)[key], child, child_path);
    }
    if (patterns != nullptr && patterns->is_object()) {
      for (const auto& [pattern, wanted] : patterns->items()) {
        const std::optional<bool> matches = MatchesPattern(pattern, key);
        known = known || matches.value_or(true);
        if (matches.value_or(false)) fits &= Apply(wanted, child, child_path);
      }
    }
    if (!known && others != nullptr) {
      fits &= *others == false ? Tell(child_path, "is not a value of this chart")
                               : Apply(*others, child, child_path);
    }
    if (names != nullptr && !Matches(*names, key, child_path)) {
      fits = Tell(child_path, "has a name that the schema does not allow");
    }
  }
  return fits;
}

bool JsonSchema::Validation::ApplyDependencies(const Json& schema, const Json& value,
                                               const std::string& path) {
  bool fits = true;
  // Until draft 7 both kinds were called the first.
  for (const char* keyword : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    const Json* dependencies = Keyword(schema, keyword);
    if (dependencies == nullptr || !dependencies->is_object()) continue;
    for (const auto& [key, needed] : dependencies->items()) {
      if (!value.contains(key)) continue;
      if (needed.is_object() || needed.is_boolean()) {
        fits &= Apply(needed, value, path);
        continue;
      }
      for (const Json& name : needed.is_array() ? needed : Json::array({needed})) {
        if (!name.is_string() || value.contains(name.get_ref<const std::string&>())) continue;
        fits = Tell(Member(path, name.get<std::string>()),
                    fmt::format("is required beside {}", Member(path, key)));
      }
    }
  }
  return fits;
}

bool JsonSchema::Validation::ApplyCombinations(const Json& schema, const Json& value,
                                               const std::string& path) {
  bool fits = true;
  const auto list = [&](const char* key) {
    const Json* found = Keyword(schema, key);
    return found != nullptr && found->is_array() ? found : nullptr;
  };
  const auto matching = [&](const Json& alternatives) {
    return std::count_if(alternatives.begin(), alternatives.end(), [&](const Json& alternative) {
      return Matches(alternative, value, path);
    });
  };
  if (const Json* all = list("allOf")) {
    for (const Json& each : *all) fits &= Apply(each, value, path);
  }
  if (const Json* any = list("anyOf"); any != nullptr && matching(*any) == 0) {
    fits = Tell(path, "is none of the alternatives that the schema allows");
  }
  if (const Json* one = list("oneOf")) {
    const auto count = matching(*one);
    if (count == 0) fits = Tell(path, "is none of the alternatives that the schema allows");
    if (count > 1) fits = Tell(path, "is several of the alternatives that exclude each other");
  }
  const Json* none = Keyword(schema, "not");
  if (none != nullptr && Matches(*none, value, path)) {
    fits = Tell(path, "is what the schema excludes");
  }
  return fits;
}

bool JsonSchema::Validation::ApplyCondition(const Json& schema, const Json& value,
                                            const std::string& path) {
  const Json* condition = Keyword(schema, "if");
  if (condition == nullptr) return true;
  const Json* then = Keyword(schema, Matches(*condition, value, path) ? "then" : "else");
  return then == nullptr || Apply(*then, value, path);
}

absl::StatusOr<JsonSchema> JsonSchema::Parse(std::string_view text, const Limits& limits) {
  JsonSchema schema(limits);
  schema.root_ = Json::parse(text, nullptr, false);
  if (!schema.root_.is_object() && !schema.root_.is_boolean()) {
    return absl::InvalidArgumentError("is not a JSON object");
  }
  if (schema.root_.is_object()) {
    schema.ref_stands_alone_ = IsUntilDraft7(TextOf(schema.root_, "$schema"));
  }
  RETURN_IF_ERROR(Indexer(schema).Index());
  return schema;
}

absl::StatusOr<std::vector<SchemaViolation>> JsonSchema::Validate(const Json& document) const {
  return Validation(*this).Run(document);
}

}  // namespace berth::helm
