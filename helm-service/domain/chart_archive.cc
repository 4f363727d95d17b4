#include "helm-service/domain/chart_archive.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kLongestExtension = 65'536;  // a pax header or GNU long name

absl::Status Refuse(std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("not a packaged chart (.tgz): {}", why));
}

// Reads what gzip unpacks to, in order, never more than asked for.
class Unpacker {
 public:
  Unpacker(std::string_view packed, std::size_t limit) : left_(limit) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ready_ = ::inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker() {
    if (ready_) ::inflateEnd(&stream_);
  }

  // Fills `out` and returns OK, or says why not.
  absl::Status Read(char* out, std::size_t size) {
    if (!ready_) return absl::ResourceExhaustedError("no memory to unpack the chart");
    if (size > left_) return Refuse("unpacks to too much");
    left_ -= size;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0) {
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      const bool at_end = result == Z_STREAM_END || result == Z_BUF_ERROR;
      if (at_end && stream_.avail_out > 0) return Refuse("ends too early");
      if (result != Z_OK && result != Z_STREAM_END) return Refuse("damaged or not gzip");
    }
    return absl::OkStatus();
  }

  absl::Status Skip(std::size_t size) {
    std::array<char, 16'384> buffer;
    while (size > 0) {
      const std::size_t piece = std::min(size, buffer.size());
      RETURN_IF_ERROR(Read(buffer.data(), piece));
      size -= piece;
    }
    return absl::OkStatus();
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  std::size_t left_;
};

struct Header {
  std::string name;
  std::size_t size = 0;
  char type = '0';
};

std::string_view Text(std::string_view field) { return field.substr(0, field.find('\0')); }

std::optional<std::size_t> Octal(std::string_view field) {
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  field = field.substr(0, field.find_first_of(std::string_view(" \0", 2)));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (field.empty() || error != std::errc() || end != field.data() + field.size()) {
    return std::nullopt;
  }
  return value;
}

// No value: the block of zeros that ends an archive.
absl::StatusOr<std::optional<Header>> ParseHeader(std::string_view block) {
  if (block.find_first_not_of('\0') == std::string_view::npos) return std::nullopt;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool in_checksum = i >= 148 && i < 156;
    sum += in_checksum ? ' ' : static_cast<unsigned char>(block[i]);
  }
  const std::optional<std::size_t> size = Octal(block.substr(124, 12));
  if (Octal(block.substr(148, 8)) != sum || !size.has_value()) return Refuse("damaged or not tar");
  Header header{.name = std::string(Text(block.substr(0, 100))),
                .size = *size,
                .type = block[156] == '\0' ? '0' : block[156]};
  const std::string_view prefix = Text(block.substr(345, 155));
  if (block.substr(257, 5) == "ustar" && block[262] == '\0' && !prefix.empty()) {
    header.name = fmt::format("{}/{}", prefix, header.name);
  }
  return header;
}

// The value of `path` in a pax header: records "LENGTH KEY=VALUE\n".
absl::StatusOr<std::string> PaxPath(std::string_view records) {
  std::string path;
  while (!records.empty()) {
    std::size_t length = 0;
    const auto [end, error] =
        std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<std::size_t>(end - records.data());
    if (error != std::errc() || length > records.size() || length < digits + 2) {
      return Refuse("a damaged pax header");
    }
    const std::string_view record = records.substr(digits + 1, length - digits - 2);
    constexpr std::string_view kPath = "path=";
    if (record.starts_with(kPath)) path = std::string(record.substr(kPath.size()));
    // A size there would make two readers of the archive see different entries.
    if (record.starts_with("size=")) return Refuse("a pax header with a size");
    records.remove_prefix(length);
  }
  return path;
}

absl::Status CheckPath(const std::string& name) {
  const auto bad = [&](std::string_view why) {
    return Refuse(fmt::format("entry '{}' {}", name.substr(0, 200), why));
  };
  if (name.empty() || name.front() == '/' || name.find('\\') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    return bad("is not a relative path");
  }
  for (const absl::string_view segment : absl::StrSplit(name, '/')) {
    if (segment == "..") return bad("leads out of the chart");
  }
  return absl::OkStatus();
}

// Walks the entries of one archive.
class Walker {
 public:
  Walker(std::string_view bytes, const ArchiveLimits& limits,
         const std::function<bool(std::string_view)>& wanted)
      : limits_(limits), wanted_(wanted), unpacker_(bytes, limits.unpacked_bytes) {}

  absl::StatusOr<std::vector<ChartFile>> Walk() {
    for (std::size_t entries = 0;; ++entries) {
      if (entries > limits_.entries) return Refuse("too many entries");
      std::array<char, kBlock> block;
      RETURN_IF_ERROR(unpacker_.Read(block.data(), block.size()));
      ASSIGN_OR_RETURN(std::optional<Header> header,
                       ParseHeader(std::string_view(block.data(), block.size())));
      if (!header.has_value()) break;
      RETURN_IF_ERROR(Visit(*std::move(header)));
    }
    if (!has_chart_) return Refuse("no Chart.yaml in its top directory");
    return std::move(files_);
  }

 private:
  absl::Status Visit(Header header) {
    if (header.size > limits_.unpacked_bytes) return Refuse("unpacks to too much");
    const std::size_t padded = (header.size + kBlock - 1) / kBlock * kBlock;
    switch (header.type) {
      case 'x':
      case 'L':
        return ReadExtension(header, padded);
      case 'g':
        return unpacker_.Skip(padded);
      case '0':
      case '5':
        break;
      default:
        return Refuse(fmt::format("entry '{}' is neither a file nor a directory",
                                  header.name.substr(0, 200)));
    }
    if (!next_name_.empty()) header.name = std::exchange(next_name_, {});
    RETURN_IF_ERROR(CheckPath(header.name));
    RETURN_IF_ERROR(CheckTop(header));
    if (header.type != '0') return unpacker_.Skip(padded);
    return ReadFile(header, padded);
  }

  absl::Status ReadFile(const Header& header, std::size_t padded) {
    const std::size_t slash = header.name.find('/');
    ChartFile file{.path = slash == std::string::npos ? "" : header.name.substr(slash + 1),
                   .size = header.size,
                   .content = ""};
    if (!wanted_(file.path)) {
      files_.push_back(std::move(file));
      return unpacker_.Skip(padded);
    }
    if (header.size > limits_.file_bytes) {
      return Refuse(fmt::format("entry '{}' is larger than {} bytes", header.name.substr(0, 200),
                                limits_.file_bytes));
    }
    file.content.resize(padded);
    RETURN_IF_ERROR(unpacker_.Read(file.content.data(), padded));
    file.content.resize(header.size);
    files_.push_back(std::move(file));
    return absl::OkStatus();
  }

  // A header before another one that holds its real name.
  absl::Status ReadExtension(const Header& header, std::size_t padded) {
    if (header.size > kLongestExtension) return Refuse("an entry with an endless name");
    std::string content(padded, '\0');
    RETURN_IF_ERROR(unpacker_.Read(content.data(), content.size()));
    content.resize(header.size);
    if (header.type == 'L') {
      next_name_ = Text(content);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(std::string path, PaxPath(content));
    if (!path.empty()) next_name_ = std::move(path);
    return absl::OkStatus();
  }

  absl::Status CheckTop(const Header& header) {
    const std::string top = header.name.substr(0, header.name.find('/'));
    if (top_.empty()) top_ = top;
    if (top != top_) return Refuse("more than one top directory");
    has_chart_ = has_chart_ || (header.type == '0' && header.name == top + "/Chart.yaml");
    return absl::OkStatus();
  }

  const ArchiveLimits& limits_;
  const std::function<bool(std::string_view)>& wanted_;
  Unpacker unpacker_;
  std::vector<ChartFile> files_;
  std::string next_name_;
  std::string top_;
  bool has_chart_ = false;
};

}  // namespace

absl::Status CheckChartArchive(std::string_view bytes, const ArchiveLimits& limits) {
  return ReadChartArchive(bytes, limits, [](std::string_view) { return false; }).status();
}

absl::StatusOr<std::vector<ChartFile>> ReadChartArchive(
    std::string_view bytes, const ArchiveLimits& limits,
    const std::function<bool(std::string_view path)>& wanted) {
  if (bytes.size() > limits.packed_bytes || bytes.size() > std::numeric_limits<uInt>::max()) {
    return Refuse(fmt::format("larger than {} bytes", limits.packed_bytes));
  }
  return Walker(bytes, limits, wanted).Walk();
}

}  // namespace berth::helm
