#include "helm-service/adapters/index_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <set>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::size_t kDeepest = 64;
// What the YAML parser may read without an event: it queues what it has read of a flow collection
// until it knows whether that is a key, at about 100 bytes of memory for one of text.
constexpr std::size_t kMostBetweenEvents = std::size_t{1} << 20;

absl::Status NoIndex(std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("it is no index: {}", why));
}

// Follows the structure of an index, whatever it is written in: mappings, sequences and scalars in
// the order of the text. Keys of mappings are scalars like others.
class IndexWalk {
 public:
  explicit IndexWalk(std::size_t max_memory) : builder_(max_memory) {}

  absl::Status Begin(bool is_mapping) {
    if (open_.size() == kDeepest) return NoIndex("nested too deep");
    if (!open_.empty() && open_.back().awaits_key) return NoIndex("a key is not a text");
    const Place place = PlaceOfChild(is_mapping);
    if (place == Place::kRoot && !is_mapping) return NoIndex("not a mapping");
    if (place == Place::kVersion) version_ = {};
    TakeValue();
    open_.push_back(
        {.place = place, .is_mapping = is_mapping, .awaits_key = is_mapping, .key = {}});
    return absl::OkStatus();
  }

  absl::Status End() {
    const Place place = open_.back().place;
    open_.pop_back();
    return place == Place::kVersion ? AddVersion() : absl::OkStatus();
  }

  absl::Status Scalar(std::string_view text) {
    if (open_.empty()) return NoIndex("not a mapping");
    Frame& frame = open_.back();
    if (frame.awaits_key) {
      frame.awaits_key = false;
      frame.key = text;
      const bool repeated = frame.place == Place::kEntries && !charts_.insert(frame.key).second;
      return repeated ? NoIndex("a chart has two lists of versions") : absl::OkStatus();
    }
    if (frame.place == Place::kVersion) SetField(frame.key, text);
    if (frame.place == Place::kKeywords) version_.keywords.append(text).append("\n");
    if (frame.place == Place::kUrls && version_.url.empty()) version_.url = text;
    if (frame.place == Place::kRoot && frame.key == "entries") has_entries_ = true;
    TakeValue();
    return absl::OkStatus();
  }

  absl::StatusOr<ChartIndex> Take() && {
    if (!has_entries_) return NoIndex("it has no entries");
    return std::move(builder_).Build();
  }

 private:
  // Where in an index a mapping or sequence stands.
  enum class Place { kRoot, kEntries, kVersions, kVersion, kKeywords, kUrls, kElsewhere };
  struct Frame {
    Place place;
    bool is_mapping;
    bool awaits_key;
    std::string key;
  };
  struct Version {
    std::string version;
    std::string app_version;
    std::string description;
    std::string created;
    std::string digest;
    std::string url;
    std::string keywords;
    bool deprecated = false;
  };

  Place PlaceOfChild(bool is_mapping) {
    if (open_.empty()) return Place::kRoot;
    const Frame& parent = open_.back();
    if (parent.place == Place::kRoot && parent.key == "entries" && is_mapping) {
      has_entries_ = true;
      return Place::kEntries;
    }
    if (parent.place == Place::kEntries && !is_mapping) return Place::kVersions;
    if (parent.place == Place::kVersions && is_mapping) return Place::kVersion;
    if (parent.place == Place::kVersion && parent.key == "keywords" && !is_mapping) {
      return Place::kKeywords;
    }
    if (parent.place == Place::kVersion && parent.key == "urls" && !is_mapping) return Place::kUrls;
    return Place::kElsewhere;
  }

  // The value of the key that is open has come, or begins.
  void TakeValue() {
    if (!open_.empty()) open_.back().awaits_key = open_.back().is_mapping;
  }

  void SetField(std::string_view key, std::string_view text) {
    if (key == "version") version_.version = text;
    if (key == "appVersion") version_.app_version = text;
    if (key == "description") version_.description = text;
    if (key == "created") version_.created = text;
    if (key == "digest") version_.digest = text;
    if (key == "deprecated") version_.deprecated = text == "true";
  }

  absl::Status AddVersion() {
    // kRoot, kEntries, kVersions: what is open around a version.
    return builder_.Add(open_[1].key, {.version = version_.version,
                                       .app_version = version_.app_version,
                                       .description = version_.description,
                                       .created = version_.created,
                                       .digest = version_.digest,
                                       .url = version_.url,
                                       .keywords = version_.keywords,
                                       .deprecated = version_.deprecated});
  }

  ChartIndex::Builder builder_;
  std::vector<Frame> open_;
  std::set<std::string, std::less<>> charts_;
  Version version_;
  bool has_entries_ = false;
};

// JSON, by a parser that does not recurse. Returns false to end the parse.
class JsonEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonEvents(IndexWalk& walk) : walk_(walk) {}
  const absl::Status& status() const { return status_; }

  bool null() override { return Pass(walk_.Scalar("")); }
  bool boolean(bool value) override { return Pass(walk_.Scalar(value ? "true" : "false")); }
  bool number_integer(number_integer_t value) override {
    return Pass(walk_.Scalar(fmt::to_string(value)));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Pass(walk_.Scalar(fmt::to_string(value)));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Pass(walk_.Scalar(text));
  }
  bool string(string_t& text) override { return Pass(walk_.Scalar(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Pass(walk_.Begin(/*is_mapping=*/true)); }
  bool key(string_t& text) override { return Pass(walk_.Scalar(text)); }
  bool end_object() override { return Pass(walk_.End()); }
  bool start_array(std::size_t) override { return Pass(walk_.Begin(/*is_mapping=*/false)); }
  bool end_array() override { return Pass(walk_.End()); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    status_ = NoIndex(fmt::format("not JSON at byte {}", position));
    return false;
  }

 private:
  bool Pass(absl::Status status) {
    status_ = std::move(status);
    return status_.ok();
  }

  IndexWalk& walk_;
  absl::Status status_;
};

// A text to read, up to so many bytes between two events.
class MeteredBuffer final : public std::streambuf {
 public:
  explicit MeteredBuffer(std::string_view text) : rest_(text) {}

  void Reset() { left_ = kMostBetweenEvents; }
  bool ended_early() const { return ended_early_; }

 protected:
  int_type underflow() override {
    constexpr std::size_t kStep = 4096;
    if (left_ == 0 && !rest_.empty()) ended_early_ = true;
    const std::size_t size = std::min({kStep, left_, rest_.size()});
    if (size == 0) return traits_type::eof();
    // The buffer is only read from; its interface wants it so.
    char* const begin = const_cast<char*>(rest_.data());
    setg(begin, begin, begin + size);
    rest_.remove_prefix(size);
    left_ -= size;
    return traits_type::to_int_type(*begin);
  }

 private:
  std::string_view rest_;
  std::size_t left_ = kMostBetweenEvents;
  bool ended_early_ = false;
};

// Ends the YAML parser, which knows no other way; never leaves this file.
struct Refusal final : std::exception {
  explicit Refusal(absl::Status why) : status(std::move(why)) {}

  absl::Status status;
};

class YamlEvents final : public YAML::EventHandler {
 public:
  YamlEvents(IndexWalk& walk, MeteredBuffer& buffer) : walk_(walk), buffer_(buffer) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Pass(mark, anchor, walk_.Scalar(""));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Pass(mark, anchor, absl::OkStatus());
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& text) override {
    Pass(mark, anchor, walk_.Scalar(text));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Pass(mark, anchor, walk_.Begin(/*is_mapping=*/false));
  }
  void OnSequenceEnd() override { Pass(YAML::Mark::null_mark(), YAML::NullAnchor, walk_.End()); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Pass(mark, anchor, walk_.Begin(/*is_mapping=*/true));
  }
  void OnMapEnd() override { Pass(YAML::Mark::null_mark(), YAML::NullAnchor, walk_.End()); }

 private:
  void Pass(const YAML::Mark& mark, YAML::anchor_t anchor, absl::Status status) {
    buffer_.Reset();
    if (anchor != YAML::NullAnchor) status = NoIndex("it has anchors or aliases");
    if (status.ok()) return;
    if (mark.is_null()) throw Refusal(std::move(status));
    throw Refusal(absl::Status(
        status.code(), fmt::format("{} (line {})", std::string(status.message()), mark.line + 1)));
  }

  IndexWalk& walk_;
  MeteredBuffer& buffer_;
};

absl::Status WalkJson(std::string_view bytes, IndexWalk& walk) {
  JsonEvents events(walk);
  const bool read = nlohmann::json::sax_parse(bytes, &events);
  if (!read && events.status().ok()) return NoIndex("not JSON");
  return events.status();
}

absl::Status ParseYaml(MeteredBuffer& buffer, IndexWalk& walk) {
  try {
    std::istream input(&buffer);
    YAML::Parser parser(input);
    YamlEvents events(walk, buffer);
    parser.HandleNextDocument(events);
    return absl::OkStatus();
  } catch (const Refusal& refusal) {
    return refusal.status;
  } catch (const YAML::Exception& error) {
    // What follows a colon in its messages, and what(), repeats parts of the text.
    return NoIndex(fmt::format("not YAML at line {}: {}", error.mark.line + 1,
                               error.msg.substr(0, error.msg.find(':'))));
  }
}

absl::Status WalkYaml(std::string_view bytes, IndexWalk& walk) {
  MeteredBuffer buffer(bytes);
  absl::Status status = ParseYaml(buffer, walk);
  // What the parser makes of a text that was cut off says nothing.
  return buffer.ended_early() ? NoIndex("one value is larger than 1 MiB") : status;
}

}  // namespace

absl::StatusOr<ChartIndex> ReadIndex(std::string_view bytes, std::size_t max_memory) {
  IndexWalk walk(max_memory);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && bytes[first] == '{';
  RETURN_IF_ERROR(is_json ? WalkJson(bytes, walk) : WalkYaml(bytes, walk));
  return std::move(walk).Take();
}

}  // namespace berth::helm
