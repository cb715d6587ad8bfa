//! The cost of a plan over the number of resources, as a picture.

use std::fmt::Write as _;

/// One measurement.
pub(crate) struct Point {
    pub(crate) count: f64,
    /// Seconds.
    pub(crate) ours: f64,
    /// Seconds.
    pub(crate) floor: f64,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 50.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 110.0;

/// An SVG that reads on light and dark ground.
pub(crate) fn svg(points: &[Point]) -> String {
    let most = points.iter().map(|point| point.count).fold(1.0, f64::max);
    let longest = points.iter().map(|point| point.ours.max(point.floor)).fold(1e-3, f64::max);
    let x = |count: f64| LEFT + count / most * (WIDTH - LEFT - RIGHT);
    let y = |seconds: f64| HEIGHT - BOTTOM - seconds / longest * (HEIGHT - BOTTOM - TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>terraform plan with nothing to do, over the number of resources</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">terraform plan, nothing to do</text>\n"
    );
    for step in 0..=4 {
        let seconds = longest * f64::from(step) / 4.0;
        let at = y(seconds);
        let end = WIDTH - RIGHT;
        writeln!(svg, "<line x1=\"{LEFT}\" x2=\"{end}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#d0d7de\"/>")
            .unwrap();
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{seconds:.1} s</text>",
            LEFT - 6.0,
            at + 4.0
        )
        .unwrap();
    }
    for point in points {
        let at = x(point.count);
        let y = HEIGHT - BOTTOM + 18.0;
        writeln!(svg, "<text x=\"{at:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", point.count).unwrap();
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    writeln!(svg, "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">resources</text>", HEIGHT - 12.0)
        .unwrap();
    let mut line = |name: &str, colour: &str, value: fn(&Point) -> f64| {
        let path: Vec<String> =
            points.iter().map(|point| format!("{:.1},{:.1}", x(point.count), y(value(point)))).collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        )
        .unwrap();
        for point in points {
            let (cx, cy) = (x(point.count), y(value(point)));
            writeln!(svg, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\" fill=\"{colour}\"/>").unwrap();
        }
        if let Some(last) = points.last() {
            let at = y(value(last));
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{at:.1}\" fill=\"{colour}\">{name}</text>",
                x(last.count) + 8.0
            )
            .unwrap();
        }
    };
    line("this provider", "#0b5fb0", |point| point.ours);
    line("builtin", "#8a5300", |point| point.floor);
    svg.push_str("</svg>\n");
    svg
}
