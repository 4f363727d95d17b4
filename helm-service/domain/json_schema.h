#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

/// A place in a document that its schema does not allow.
struct SchemaViolation {
  /// "image.tag", "hosts[0].name"; empty for the top.
  std::string path;
  /// For people; tells what the schema asks for and never what the document holds.
  std::string description;

  bool operator==(const SchemaViolation&) const = default;
};

/// A JSON Schema of drafts 4 to 2020-12, as charts bring one for their values.
///
/// What is not judged passes: `format`, `unevaluated*`, `$dynamicRef`, patterns that RE2 does not
/// know; Helm looks again. References lead nowhere but into the schema itself. Immutable, so thread
/// safe.
class JsonSchema {
 public:
  struct Limits {
    /// Of schemas and arrays within each other, references followed included.
    int depth = 200;
    /// Schemas applied to values in one validation.
    std::size_t steps = 500'000;
    /// Violations told.
    std::size_t violations = 100;
  };

  /// Errors: INVALID_ARGUMENT saying why it is of no use: not JSON, nested too deep, `$ref` or
  /// `$schema` to another document.
  static absl::StatusOr<JsonSchema> Parse(std::string_view text, const Limits& limits);

  /// All that the schema does not allow in `document`, in the document's order. Errors:
  /// INVALID_ARGUMENT if the schema asks for more work than the limits allow, as one does that
  /// refers to itself without end.
  absl::StatusOr<std::vector<SchemaViolation>> Validate(const nlohmann::json& document) const;

 private:
  class Indexer;
  class Validation;

  explicit JsonSchema(const Limits& limits) : limits_(limits) {}

  Limits limits_;
  nlohmann::json root_;
  /// Of `$id`, `$anchor` and the like: where they are, as a JSON pointer.
  std::map<std::string, std::string> anchors_;
  /// Until draft 7 `$ref` silences what stands beside it.
  bool ref_stands_alone_ = false;
};

}  // namespace berth::helm
