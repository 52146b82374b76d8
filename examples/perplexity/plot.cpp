// The plot of quality against size: points by kind of element, and labels placed so that none covers another.
#include "report.hpp"

#include <algorithm>
#include <cmath>

namespace perplexity {

namespace {

constexpr double width = 1120, height = 1060;
constexpr double left = 80, right = 1095, top = 20, bottom = 1000;
constexpr double letter = 6.6, text_height = 13;  // of the 11-pixel labels, generously

struct box {
    double x0, y0, x1, y1;

    double overlap(const box& other) const {
        const double w = (std::min)(x1, other.x1) - (std::max)(x0, other.x0);
        const double h = (std::min)(y1, other.y1) - (std::max)(y0, other.y0);
        return w > 0 && h > 0 ? w * h : 0;
    }
};

/// Whether the segment from (x0, y0) to (x1, y1) passes through the box.
bool crosses(double x0, double y0, double x1, double y1, const box& b) {
    double enter = 0, leave = 1;
    const auto clip = [&](double from, double step, double low, double high) {
        if (std::fabs(step) < 1e-9) return from > low && from < high;
        const double a = (low - from) / step, c = (high - from) / step;
        enter = (std::max)(enter, (std::min)(a, c));
        leave = (std::min)(leave, (std::max)(a, c));
        return true;
    };
    return clip(x0, x1 - x0, b.x0, b.x1) && clip(y0, y1 - y0, b.y0, b.y1) && enter < leave;
}

struct plot_point {
    const row_result* row;
    double x = 0, y = 0;
    box label{};

    box mark() const { return {x - 6, y - 6, x + 6, y + 6}; }
    /// Where the line from the point meets a label.
    double line_x(const box& b) const { return (std::clamp)(x, b.x0, b.x1); }
    double line_y(const box& b) const { return (std::clamp)(y, b.y0 + 3, b.y1 - 3); }
};

constexpr box legend_place{left, bottom - 105, left + 260, bottom};

std::string num(double value) { return formatted("%.1f", value); }

/// Linear in bits, logarithmic in divergence.
struct axes {
    double bits_low, bits_high;
    int decade_low, decade_high;

    double x(double bits) const { return left + (right - left) * (bits - bits_low) / (bits_high - bits_low); }
    double y(double kl) const {
        return bottom - (bottom - top) * (std::log10(kl) - decade_low) / static_cast<double>(decade_high - decade_low);
    }
};

axes fit_axes(const std::vector<plot_point>& points) {
    axes a{1e9, -1e9, 99, -99};
    for (const plot_point& p : points) {
        const double bits = p.row->bits_per_weight;
        const double decade = std::log10(p.row->divergence);
        a.bits_low = (std::min)(a.bits_low, bits - 0.3);
        a.bits_high = (std::max)(a.bits_high, bits + 0.7);
        a.decade_low = (std::min)(a.decade_low, static_cast<int>(std::floor(decade)));
        a.decade_high = (std::max)(a.decade_high, static_cast<int>(std::floor(decade)) + 1);
    }
    return a;
}

std::string grid(const axes& a) {
    std::string svg;
    for (double bits = std::ceil(a.bits_low); bits <= a.bits_high; bits += 1) {
        const std::string x = num(a.x(bits));
        svg += "<line class=\"grid\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" + num(top) + "\" y2=\"" + num(bottom) +
               "\"/>";
        svg += "<text class=\"tick\" text-anchor=\"middle\" x=\"" + x + "\" y=\"" + num(bottom + 18) + "\">" +
               formatted("%.0f", bits) + "</text>\n";
    }
    for (int decade = a.decade_low; decade <= a.decade_high; ++decade) {
        const std::string y = num(a.y(std::pow(10.0, decade)));
        svg += "<line class=\"grid\" x1=\"" + num(left) + "\" x2=\"" + num(right) + "\" y1=\"" + y + "\" y2=\"" + y +
               "\"/>";
        svg += "<text class=\"tick\" text-anchor=\"end\" x=\"" + num(left - 8) + "\" y=\"" +
               num(a.y(std::pow(10.0, decade)) + 4) + "\">10<tspan dy=\"-5\" font-size=\"9\">" +
               std::to_string(decade) + "</tspan></text>\n";
    }
    svg += "<text class=\"axis\" text-anchor=\"middle\" x=\"" + num((left + right) / 2) + "\" y=\"" + num(bottom + 42) +
           "\">bits per weight, scales included</text>";
    svg += "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(22," + num((top + bottom) / 2) +
           ") rotate(-90)\">mean KL divergence from fp32, nats per token (lower is better)</text>\n";
    return svg;
}

box label_box(const plot_point& p, double dx, double dy) {
    const double w = letter * static_cast<double>(p.row->request.name.size());
    const double x0 = dx >= 0 ? p.x + dx : p.x + dx - w;
    return {x0, p.y + dy - text_height / 2, x0 + w, p.y + dy + text_height / 2};
}

/// How bad this place for the label of point `index` is: far from its point, over other labels or points, or joined to
/// its point by a line that passes through them.
double cost(const std::vector<plot_point>& points, std::size_t index, const box& place) {
    const plot_point& p = points[index];
    const double to_x = p.line_x(place), to_y = p.line_y(place);
    double total = std::hypot(to_x - p.x, to_y - p.y);
    if (place.x0 < left || place.x1 > right || place.y0 < top || place.y1 > bottom) total += 1e6;
    total += 100 * place.overlap(legend_place);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const plot_point& other = points[i];
        total += 30 * place.overlap(other.mark());
        if (i == index) continue;
        total += 30 * place.overlap(other.label);
        if (crosses(p.x, p.y, to_x, to_y, other.label)) total += 60;
        if (crosses(p.x, p.y, to_x, to_y, {other.x - 4, other.y - 4, other.x + 4, other.y + 4})) total += 15;
        if (crosses(other.x, other.y, other.line_x(other.label), other.line_y(other.label), place)) total += 60;
    }
    return total;
}

/// Moves the label of point `index` to the cheapest place around it.
void place_label(std::vector<plot_point>& points, std::size_t index) {
    plot_point& p = points[index];
    double least = 1e18;
    box best = p.label;
    for (double distance = 9; distance < 240; distance += 6)
        for (int turn = 0; turn < 24; ++turn) {
            // right, left, then steeper and steeper up and down on both sides
            const double angle = (turn / 4) * 0.27 * ((turn & 2) ? -1 : 1);
            const double dx = std::cos(angle) * distance * ((turn & 1) ? -1 : 1);
            const box place = label_box(p, dx, std::sin(angle) * distance);
            const double price = cost(points, index, place);
            if (price < least) {
                least = price;
                best = place;
            }
        }
    p.label = best;
}

const char* colour(const row_result& row) {
    if (row.request.pair) return "#b3261e";
    if (row.request.kind == element_kind::integer) return "#1f5fbf";
    return row.request.kind == element_kind::minifloat ? "#c46a00" : "#1a7f37";
}

std::string marker(const row_result& row, double x, double y) {
    const std::string fill = std::string("fill=\"") + colour(row) + "\"";
    if (row.request.pair) return "<path " + fill + " d=\"M" + num(x) + ' ' + num(y - 6) + "l6 6l-6 6l-6-6z\"/>";
    if (row.request.kind == element_kind::integer)
        return "<circle " + fill + " cx=\"" + num(x) + "\" cy=\"" + num(y) + "\" r=\"4.5\"/>";
    if (row.request.kind == element_kind::minifloat)
        return "<rect " + fill + " x=\"" + num(x - 4) + "\" y=\"" + num(y - 4) + "\" width=\"8\" height=\"8\"/>";
    return "<path " + fill + " d=\"M" + num(x) + ' ' + num(y - 5.5) + "l5.5 9.5h-11z\"/>";
}

std::string draw_line(const plot_point& p) {
    const double to_x = p.line_x(p.label), to_y = p.line_y(p.label);
    if (std::hypot(to_x - p.x, to_y - p.y) <= 12) return {};
    return "<line class=\"lead\" x1=\"" + num(p.x) + "\" y1=\"" + num(p.y) + "\" x2=\"" + num(to_x) + "\" y2=\"" +
           num(to_y) + "\"/>";
}

std::string draw(const plot_point& p) {
    const row_result& row = *p.row;
    std::string svg = "<g><title>" + row.request.name + ": " + formatted("%.3f", row.bits_per_weight) + " bits, KL " +
                      formatted("%.3g", row.divergence) + ", change " + formatted("%+.5f", row.change.mean) +
                      " nats</title>";
    svg += marker(row, p.x, p.y);
    svg += "<text class=\"name\" x=\"" + num(p.label.x0 + p.label.x1 < 2 * p.x ? p.label.x1 : p.label.x0) + "\" y=\"" +
           num(p.label.y1 - 3) + "\" text-anchor=\"" + (p.label.x0 + p.label.x1 < 2 * p.x ? "end" : "start") +
           "\" fill=\"" + colour(row) + "\">" + row.request.name + "</text></g>\n";
    return svg;
}

/// What the shapes mean, in the emptiest corner: formats with few bits are never good, so the lower left is free.
std::string legend() {
    struct entry {
        element_kind kind;
        bool pair;
        const char* text;
    };
    const entry entries[] = {{element_kind::integer, false, "integer and ternary weights"},
        {element_kind::minifloat, false, "floating-point weights"}, {element_kind::codebook, false, "codebook weights"},
        {element_kind::integer, true, "weights and activations (A x W)"}};
    std::string svg;
    double y = bottom - 82;
    for (const entry& e : entries) {
        row_result row;
        row.request.kind = e.kind;
        row.request.pair = e.pair;
        svg += marker(row, left + 20, y) + "<text class=\"key\" x=\"" + num(left + 34) + "\" y=\"" + num(y + 4) +
               "\">" + e.text + "</text>\n";
        y += 20;
    }
    return svg;
}

}  // namespace

std::string quality_plot(const std::vector<row_result>& rows, std::vector<std::string>& left_out) {
    std::vector<plot_point> points;
    for (const row_result& row : rows) {
        if (!row.failure.empty()) continue;
        const bool shown = row.divergence > 1e-9 && row.divergence < 1e9 && row.bits_per_weight < 12;
        if (shown)
            points.push_back({&row});
        else
            left_out.push_back(row.request.name + " (" + formatted("%.2f", row.bits_per_weight) + " bits, KL " +
                               formatted("%.2g", row.divergence) + ")");
    }
    if (points.empty()) return "<p>No row to plot.</p>";
    const axes a = fit_axes(points);
    for (plot_point& p : points) {
        p.x = a.x(p.row->bits_per_weight);
        p.y = a.y(p.row->divergence);
    }
    std::sort(points.begin(), points.end(),
        [](const plot_point& p, const plot_point& q) { return p.y != q.y ? p.y < q.y : p.row < q.row; });
    for (plot_point& p : points) p.label = p.mark();
    for (int round = 0; round < 4; ++round)  // later rounds know where all the others went
        for (std::size_t i = 0; i < points.size(); ++i) place_label(points, i);
    std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + num(width) + ' ' + num(height) +
                      "\" role=\"img\" aria-label=\"Mean KL divergence against bits per weight\">\n" + grid(a) +
                      legend();
    for (const plot_point& p : points) svg += draw_line(p);
    for (const plot_point& p : points) svg += draw(p);
    return svg + "</svg>\n";
}

}  // namespace perplexity
