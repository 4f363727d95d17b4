#include "helm-service/adapters/release_body.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <istream>
#include <streambuf>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

using Json = nlohmann::ordered_json;

absl::Status NotARelease(std::string_view why) {
  return absl::DataLossError("not a release of Helm's: " + std::string(why));
}

// The gzip, or the bare JSON that old Helms wrote.
absl::StatusOr<std::string> Unwrap(std::string_view data) {
  std::string outer;
  std::string inner;
  if (!absl::Base64Unescape(std::string(data), &outer) || !absl::Base64Unescape(outer, &inner)) {
    return NotARelease("not base64 of base64");
  }
  return inner;
}

constexpr int kGzip = 16 + MAX_WBITS;

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b\x08"); }

// Unpacks gzip on demand; ends, as if at the end of the data, at damage and at the limit.
class InflatingBuffer final : public std::streambuf {
 public:
  InflatingBuffer(std::string_view packed, std::size_t limit) : limit_(limit) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    ready_ = ::inflateInit2(&stream_, kGzip) == Z_OK;
  }
  InflatingBuffer(const InflatingBuffer&) = delete;
  InflatingBuffer& operator=(const InflatingBuffer&) = delete;
  ~InflatingBuffer() override {
    if (ready_) ::inflateEnd(&stream_);
  }

 protected:
  int_type underflow() override {
    if (!ready_ || ended_ || stream_.total_out >= limit_) return traits_type::eof();
    stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_out = static_cast<uInt>(piece_.size());
    ended_ = ::inflate(&stream_, Z_NO_FLUSH) != Z_OK;
    const std::size_t size = piece_.size() - stream_.avail_out;
    if (size == 0) return traits_type::eof();
    setg(piece_.data(), piece_.data(), piece_.data() + size);
    return traits_type::to_int_type(piece_[0]);
  }

 private:
  const std::size_t limit_;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  std::array<char, 16'384> piece_;
};

// Follows the parser's events and knows where in the document it stands.
class PathReader : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (std::string* target = Target()) *target = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool key(string_t& key) override {
    path_.back() = std::move(key);
    return true;
  }
  bool end_object() override {
    path_.pop_back();
    return Left();
  }
  bool start_array(std::size_t) override {
    path_.emplace_back();
    return true;
  }
  bool end_array() override {
    path_.pop_back();
    return Left();
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 protected:
  // Where the string that stands at path() goes; null for nowhere.
  virtual std::string* Target() = 0;
  // The object or array at path() has ended; false ends parsing.
  virtual bool Left() = 0;

  // The key in each object that is open, an empty one for each array.
  const std::vector<std::string>& path() const { return path_; }
  bool IsAt(std::initializer_list<std::string_view> path) const {
    return std::equal(path_.begin(), path_.end(), path.begin(), path.end());
  }

 private:
  std::vector<std::string> path_;
};

// Takes `info` and `chart.metadata`, and ends parsing once it has both.
class BodyReader final : public PathReader {
 public:
  bool complete() const { return has_info_ && has_metadata_; }
  ReleaseBody Take() { return std::move(body_); }

 private:
  std::string* Target() override {
    if (IsAt({"info", "last_deployed"})) return &body_.last_deployed;
    if (IsAt({"info", "description"})) return &body_.description;
    if (IsAt({"info", "notes"})) return &body_.notes;
    if (IsAt({"chart", "metadata", "name"})) return &body_.chart_name;
    if (IsAt({"chart", "metadata", "version"})) return &body_.chart_version;
    if (IsAt({"chart", "metadata", "appVersion"})) return &body_.app_version;
    return nullptr;
  }

  bool Left() override {
    if (IsAt({"info"})) has_info_ = true;
    if (IsAt({"chart", "metadata"})) has_metadata_ = true;
    return !complete();
  }

  ReleaseBody body_;
  bool has_info_ = false;
  bool has_metadata_ = false;
};

// Takes `manifest` and `hooks`.
class ContentReader final : public PathReader {
 public:
  bool complete() const { return complete_; }
  ReleaseContent Take() { return std::move(content_); }

 private:
  static constexpr std::size_t kMostHooks = 1'000;

  std::string* Target() override {
    if (IsAt({"manifest"})) return &content_.manifest;
    if (path().size() < 3 || path()[0] != "hooks") return nullptr;
    if (IsAt({"hooks", "", "name"})) return &hook_.name;
    if (IsAt({"hooks", "", "kind"})) return &hook_.kind;
    if (IsAt({"hooks", "", "manifest"})) return &hook_.manifest;
    if (IsAt({"hooks", "", "events", ""})) return &hook_.events.emplace_back();
    if (IsAt({"hooks", "", "last_run", "started_at"})) return &hook_.started_at;
    if (IsAt({"hooks", "", "last_run", "phase"})) return &hook_.phase;
    return nullptr;
  }

  bool Left() override {
    if (path().empty()) complete_ = true;
    if (IsAt({"hooks", ""})) content_.hooks.push_back(std::exchange(hook_, {}));
    return content_.hooks.size() <= kMostHooks;
  }

  ReleaseContent content_;
  ReleaseHook hook_;
  bool complete_ = false;
};

// Has `reader` read a body, unpacking it on the way.
void Parse(std::string_view bytes, std::size_t limit, PathReader& reader) {
  if (IsGzip(bytes)) {
    InflatingBuffer buffer(bytes, limit);
    std::istream stream(&buffer);
    Json::sax_parse(stream, &reader);
  } else {
    Json::sax_parse(bytes, &reader);
  }
}

absl::StatusOr<std::string> Deflate(const std::string& text) {
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return absl::ResourceExhaustedError("no memory to pack a release");
  }
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) return absl::InternalError("packing a release failed");
  return packed;
}

}  // namespace

absl::StatusOr<ReleaseBody> ReadReleaseBody(std::string_view data, std::size_t limit) {
  ASSIGN_OR_RETURN(const std::string bytes, Unwrap(data));
  BodyReader reader;
  Parse(bytes, limit, reader);
  if (!reader.complete()) return NotARelease("not JSON with info and chart.metadata");
  return reader.Take();
}

absl::StatusOr<ReleaseContent> ReadReleaseContent(std::string_view data, std::size_t limit) {
  ASSIGN_OR_RETURN(const std::string bytes, Unwrap(data));
  ContentReader reader;
  Parse(bytes, limit, reader);
  if (!reader.complete()) return NotARelease("not JSON, or too large");
  return reader.Take();
}

absl::StatusOr<std::string> WithStatus(std::string_view data, std::string_view status,
                                       std::string_view description) {
  ASSIGN_OR_RETURN(const std::string bytes, Unwrap(data));
  Json release;
  if (IsGzip(bytes)) {
    InflatingBuffer buffer(bytes, kLargestBody);
    std::istream stream(&buffer);
    release = Json::parse(stream, nullptr, /*allow_exceptions=*/false);
  } else {
    release = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  }
  if (!release.is_object() || !release.contains("info") || !release["info"].is_object()) {
    return NotARelease("not JSON with info");
  }
  release["info"]["status"] = status;
  release["info"]["description"] = description;
  std::string text = release.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (IsGzip(bytes)) {
    ASSIGN_OR_RETURN(text, Deflate(text));
  }
  return absl::Base64Escape(absl::Base64Escape(text));
}

}  // namespace berth::helm
