#include "helm-service/domain/chart_index.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

namespace berth::helm {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
// Longer ones say nothing to a reader that their beginning does not.
constexpr std::size_t kLongestText = std::size_t{4} << 10;
constexpr std::size_t kLongestVersion = 128;
constexpr std::size_t kLongestUrl = 2048;

// Without the rest of a UTF-8 sequence that was cut.
std::string_view Clipped(std::string_view text) {
  if (text.size() <= kLongestText) return text;
  std::size_t end = kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::vector<std::string_view> IndexedChart::VersionTexts() const {
  std::vector<std::string_view> texts;
  texts.reserve(versions.size());
  for (const IndexedVersion& version : versions) texts.push_back(version.version);
  return texts;
}

const IndexedChart* ChartIndex::Find(const ChartName& name) const {
  const auto found = std::lower_bound(
      charts_.begin(), charts_.end(), std::string_view(name.value()),
      [](const IndexedChart& chart, std::string_view wanted) { return chart.name < wanted; });
  return found != charts_.end() && found->name == name.value() ? &*found : nullptr;
}

absl::Status ChartIndex::Builder::Add(std::string_view chart, const IndexedVersion& version) {
  absl::StatusOr<SemanticVersion> semantic = SemanticVersion::Parse(version.version);
  if (!ChartName::Parse(chart).ok() || !semantic.ok() || version.version.size() > kLongestVersion ||
      version.url.empty() || version.url.size() > kLongestUrl) {
    ++skipped_;
    return absl::OkStatus();
  }
  entries_.push_back({.chart = Keep(chart),
                      .semantic = *std::move(semantic),
                      .version = {.version = Keep(version.version),
                                  .app_version = Keep(Clipped(version.app_version)),
                                  .description = Keep(Clipped(version.description)),
                                  .created = Keep(Clipped(version.created)),
                                  .digest = Keep(Clipped(version.digest)),
                                  .url = Keep(version.url),
                                  .keywords = Keep(Clipped(version.keywords)),
                                  .deprecated = version.deprecated}});
  memory_ += sizeof(Entry);
  if (memory_ > max_memory_) {
    return absl::ResourceExhaustedError("its charts take more memory than there is for them");
  }
  return absl::OkStatus();
}

ChartIndex ChartIndex::Builder::Build() && {
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
    return left.chart != right.chart ? left.chart < right.chart : left.semantic > right.semantic;
  });
  ChartIndex index;
  for (const Entry& entry : entries_) {
    if (index.charts_.empty() || index.charts_.back().name != entry.chart) {
      index.charts_.push_back({.name = entry.chart, .versions = {}});
    }
    index.charts_.back().versions.push_back(entry.version);
  }
  for (IndexedChart& chart : index.charts_) chart.versions.shrink_to_fit();
  index.charts_.shrink_to_fit();
  index.version_count_ = entries_.size();
  index.skipped_ = skipped_;
  index.memory_bytes_ = blocks_.size() * kBlock + index.charts_.size() * sizeof(IndexedChart) +
                        entries_.size() * sizeof(IndexedVersion);
  index.blocks_ = std::move(blocks_);
  return index;
}

// The text, kept once however often it comes.
std::string_view ChartIndex::Builder::Keep(std::string_view text) {
  if (text.empty()) return {};
  const auto found = kept_.find(text);
  if (found != kept_.end()) return *found;
  char* const copy = Allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return *kept_.emplace(copy, text.size()).first;
}

// From blocks: no text is longer than one.
char* ChartIndex::Builder::Allocate(std::size_t bytes) {
  static_assert(kLongestText <= kBlock && kLongestUrl <= kBlock);
  if (bytes > block_left_) {
    blocks_.push_back(std::make_unique<char[]>(kBlock));
    block_left_ = kBlock;
    memory_ += kBlock;
  }
  char* const place = blocks_.back().get() + (kBlock - block_left_);
  block_left_ -= bytes;
  return place;
}

}  // namespace berth::helm
