#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/semantic_version.h"

namespace berth::helm {

/// One version of a chart in an index. The texts live as long as the index.
struct IndexedVersion {
  /// As the index writes it.
  std::string_view version;
  std::string_view app_version;
  std::string_view description;
  /// RFC 3339, as the index writes it; may be anything.
  std::string_view created;
  /// SHA-256 of the archive, in whatever form the index has it; may be empty.
  std::string_view digest;
  /// The first one, which Helm takes too; relative to the index, or absolute.
  std::string_view url;
  /// Each followed by a line end.
  std::string_view keywords;
  bool deprecated = false;
};

/// All versions of one chart, from the newest; equal ones as the index has them.
struct IndexedChart {
  std::string_view name;
  std::vector<IndexedVersion> versions;

  std::vector<std::string_view> VersionTexts() const;
};

/// What a repository's index.yaml says, without what nobody asks for: a tenth of the file, as every
/// text is kept once. Immutable, so thread safe.
class ChartIndex {
 public:
  class Builder;

  /// Ordered by name.
  const std::vector<IndexedChart>& charts() const { return charts_; }
  /// Null if there is none.
  const IndexedChart* Find(const ChartName& name) const;
  std::size_t version_count() const { return version_count_; }
  /// Entries that are of no use: without a version or a place to fetch them from.
  std::size_t skipped() const { return skipped_; }
  /// About what it occupies.
  std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  ChartIndex() = default;

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<IndexedChart> charts_;
  std::size_t version_count_ = 0;
  std::size_t skipped_ = 0;
  std::size_t memory_bytes_ = 0;
};

/// Makes an index of what is read one version after the other. Not thread safe.
class ChartIndex::Builder {
 public:
  /// More than `max_memory` bytes are refused.
  explicit Builder(std::size_t max_memory) : max_memory_(max_memory) {}

  /// Adds a version; its texts are copied. What Helm would pass over is passed over: a bad name,
  /// no version, no place. Errors: RESOURCE_EXHAUSTED.
  absl::Status Add(std::string_view chart, const IndexedVersion& version);

  ChartIndex Build() &&;

 private:
  struct Entry {
    std::string_view chart;
    SemanticVersion semantic;
    IndexedVersion version;
  };

  std::string_view Keep(std::string_view text);
  char* Allocate(std::size_t bytes);

  const std::size_t max_memory_;
  std::size_t memory_ = 0;
  std::size_t skipped_ = 0;
  std::size_t block_left_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::unordered_set<std::string_view> kept_;
  std::vector<Entry> entries_;
};

}  // namespace berth::helm
