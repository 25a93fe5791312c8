"use strict";
// Draws the charts of a page from the data in it, and makes its tables sort and copy.
(() => {
	const read = (id) => JSON.parse(document.getElementById(id).textContent);
	const charts = read("charts"), looks = read("looks");
	// A scenario of which nothing is known has no points.
	for (const c of Object.values(charts)) for (const s of c.series ??= []) s.points ??= [];
	const state = { alone: null, drawn: new Map() };

	// ---- figures, written as the tables write them ----

	const digits = (v) => {
		if (v === 0) return "0";
		const rounded = Number(v.toExponential(2));
		return v.toFixed(Math.max(2 - Math.floor(Math.log10(Math.abs(rounded))), 0));
	};
	const duration = (s) => s === 0 ? "0" : s < 1e-3 ? digits(s * 1e6) + " µs" : s < 1 ? digits(s * 1e3) + " ms" : digits(s) + " s";
	const share = (v) => {
		const p = v * 100;
		return (p === 0 || p === 100 ? p.toFixed(0) : p < 0.005 ? "<0.01" : p < 10 ? p.toFixed(2) : p.toFixed(1)) + " %";
	};
	const bytes = (n) => n < 1e3 ? n + " B" : n < 1e6 ? digits(n / 1e3) + " kB" : n < 1e9 ? digits(n / 1e6) + " MB" : digits(n / 1e9) + " GB";
	const plain = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, ""); // 0.200 s is 0.2 s on an axis
	const written = { "log-duration": duration, duration, share, number: digits, bytes };
	const onAxis = (y) => (v) => y === "share" ? +(v * 100).toPrecision(3) + " %" : plain(written[y](v));

	// ---- looks ----

	const dark = () => {
		const asked = document.documentElement.dataset.theme;
		return asked ? asked === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
	};
	const colourOf = (scenario) => looks[scenario] ? looks[scenario][dark() ? "dark" : "light"] : "#888";
	// Parts of a bar are no scenarios, and so have no scenario's colour.
	const parts = ["#b3bac4", "#8c6bb1", "#41b6c4", "#2c6fbb", "#f0c05a", "#c9733d", "#7fa650", "#d68fb0", "#8a8170", "#5f6b7a"];
	const variable = (name) => {
		const probe = document.createElement("span");
		probe.style.color = `var(--${name})`;
		document.body.append(probe);
		const colour = getComputedStyle(probe).color;
		probe.remove();
		return colour;
	};
	let ink = {};
	const readInk = () => {
		for (const name of ["ink", "faint", "line", "raised", "fault", "ground"]) ink[name] = variable(name);
	};
	const narrow = () => innerWidth < 600;
	const shown = (scenario) => !scenario || state.alone === null || state.alone === scenario;

	// ---- axes ----

	const text = () => ({ color: ink.faint, fontSize: narrow() ? 10 : 12 });
	const axis = (more) => Object.assign({
		axisLine: { onZero: false, lineStyle: { color: ink.line } }, axisTick: { lineStyle: { color: ink.line } },
		splitLine: { lineStyle: { color: ink.line, opacity: 0.7 } }, axisLabel: text(),
		nameTextStyle: { color: ink.faint, fontSize: 12 },
	}, more);
	// At these places, and at no others, stand the labels and the grid.
	const places = (values, label) => ({
		type: "value", axisTick: { customValues: values, lineStyle: { color: ink.line } },
		axisLabel: { ...text(), customValues: values, hideOverlap: true, formatter: label },
	});
	const nines = (p) => Math.log10(1 / (1 - p));
	const forwards = { nines, roots: Math.sqrt, logs: Math.log10 };
	const xOf = (chart) => forwards[chart.x] || ((v) => v);
	const yOf = (chart) => chart.y === "log-duration" ? (v) => v > 0 ? Math.log10(v) : null : (v) => v;

	const xAxis = (chart) => {
		const x = xOf(chart), name = { name: chart.x_title, nameLocation: "middle", nameGap: 30 };
		switch (chart.x) {
		case "nines": {
			const end = Math.max(1, ...chart.series.flatMap((s) => s.points.map((p) => nines(p[0]))));
			const at = [0, nines(0.5)];
			for (let n = 1; n <= end; n++) at.push(n);
			return axis({ ...places(at, (v) => ninesLabel(v)), min: 0, max: end });
		}
		case "seconds":
			return axis({
				type: "value", axisLabel: { ...text(), formatter: "{value} s", hideOverlap: true }, splitLine: { show: false }, minInterval: 1,
				...secondsOf(chart),
			});
		case "categories":
			return axis({ type: "category", data: chart.categories, splitLine: { show: false }, ...name });
		default: {
			const at = chart.ticks.map((t) => x(t.at));
			const label = (v) => (chart.ticks.find((t) => Math.abs(x(t.at) - v) < 1e-9) || { label: "" }).label;
			const pad = (at[at.length - 1] - at[0] || 1) * 0.03;
			return axis({ ...places(at, label), splitLine: { show: false }, min: at[0] - pad, max: at[at.length - 1] + pad, ...name });
		}
		}
	};
	const secondsOf = (chart) => {
		const at = chart.series.flatMap((s) => s.points.map((p) => p[0]));
		return { min: Math.floor(Math.min(0, ...at, ...(chart.shades || []).map((s) => s.from))), max: Math.ceil(Math.max(1, ...at)) };
	};
	const ninesLabel = (v) => {
		const p = 100 * (1 - Math.pow(10, -v));
		return +p.toFixed(Math.max(0, Math.ceil(v) - 1)) + " %";
	};

	// All that is drawn upwards, and what of it is a number: an end may also be open.
	const upwards = (chart) => chart.series.filter((s) => shown(s.scenario)).flatMap((s) => s.points.flatMap((p) => p.slice(1)));
	const numbers = (chart) => upwards(chart).filter((v) => typeof v === "number");
	const yAxis = (chart) => {
		const label = onAxis(chart.y);
		if (chart.y !== "log-duration") {
			const highest = Math.max(0, ...numbers(chart));
			const whole = chart.y === "share" && highest > 0.5 ? { max: 1, interval: 0.25 } : {};
			return axis({ type: "value", min: 0, ...whole, axisLabel: { ...text(), formatter: label }, splitNumber: 4 });
		}
		const all = numbers(chart).filter((v) => v > 0).map(Math.log10);
		if (!all.length) all.push(-3, 0);
		let low = Math.min(...all), high = Math.max(...all);
		if (high - low < 0.3) { low -= 0.15; high += 0.15; }
		const steps = high - low > 2.2 ? [1] : [1, 2, 5];
		const at = [];
		for (let decade = Math.floor(low); decade <= high + 0.12; decade++) {
			for (const step of steps) {
				const v = decade + Math.log10(step);
				if (v >= low - 0.12 && v <= high + 0.12) at.push(v);
			}
		}
		low = Math.min(low, at[0] ?? low), high = Math.max(high, at[at.length - 1] ?? high);
		const pad = (high - low) * (upwards(chart).includes("open") ? 0.12 : 0.03); // an arrow has to be seen
		return axis({ ...places(at, (v) => label(Math.pow(10, v))), min: low - pad, max: high + pad });
	};

	// ---- lines and points ----

	// Points at the same place stand side by side, or one would hide the others.
	const aside = (chart, s) => {
		const all = chart.series.filter((other) => other.interval && shown(other.scenario));
		return (all.indexOf(s) - (all.length - 1) / 2) * (narrow() ? 5 : 9);
	};
	const whiskers = (chart, s, colour) => ({
		type: "custom", name: s.scenario, silent: true, z: 3, data: s.points.map((p) => [xOf(chart)(p[0]), ...p.slice(1).map(yOf(chart))]),
		encode: { x: 0, y: [2, 3] },
		renderItem: (params, api) => {
			const [, , low, high] = s.points[params.dataIndex], { y: top, height } = params.coordSys;
			if (low === null || high === null) return null;
			// An end that is open, or has no place on the axis, is the edge.
			const place = (v, end, edge) => typeof v === "number" && !Number.isNaN(api.value(end)) ? api.coord([api.value(0), api.value(end)])[1] : edge;
			const x = api.coord([api.value(0), 0])[0] + aside(chart, s), from = place(low, 2, top + height), to = place(high, 3, top);
			const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 1.5, fill: null } });
			const tip = (y, back) => ({ type: "polygon", shape: { points: [[x, y], [x - 4, y + back], [x + 4, y + back]] }, style: { fill: colour } });
			return { type: "group", children: [line(x, from, x, to),
				low === "open" ? tip(from, -8) : line(x - 4, from, x + 4, from), high === "open" ? tip(to, 8) : line(x - 4, to, x + 4, to)] };
		},
	});
	const seriesOf = (chart) => {
		const x = xOf(chart), y = yOf(chart), out = [];
		for (const s of chart.series.filter((s) => shown(s.scenario))) {
			const colour = colourOf(s.scenario), look = looks[s.scenario] || { dashes: null, symbol: "circle" };
			// The two ends of a second are drawn a hair inside of it, so that each tells
			// which second it is of.
			const hair = chart.x === "seconds" ? 1e-3 : 0;
			const data = s.points.map((p, n) => [x(p[0]) + (n % 2 ? -hair : hair), y(p[1]), ...p]);
			if (s.interval) {
				out.push(whiskers(chart, s, colour), { type: "scatter", name: s.scenario, data, symbol: look.symbol, symbolSize: 9, symbolOffset: [aside(chart, s), 0], z: 4, itemStyle: { color: colour, borderColor: ink.ground, borderWidth: 1 } });
				continue;
			}
			out.push({
				type: "line", name: s.theory ? s.scenario + " (theory)" : s.scenario, data, connectNulls: false,
				showSymbol: s.points.length === 1, symbol: look.symbol, symbolSize: 7,
				lineStyle: { color: colour, width: s.theory ? 1.2 : 2.4, type: look.dashes || "solid", opacity: s.theory ? 0.85 : 1 },
				itemStyle: { color: colour }, emphasis: { disabled: true }, z: s.theory ? 2 : 3,
			});
		}
		if ((chart.shades || []).length) out.push(ground(chart));
		return out;
	};
	// The names of windows stand above them, each where its window begins, however narrow
	// that is, and one above the other where they would meet. What finds no place in the
	// rows is left out: the pointer says it.
	const tagSize = 11, tagHeight = 13, mostTags = 3;
	const pen = document.createElement("canvas").getContext("2d");
	const widthOf = (label) => {
		pen.font = `${tagSize}px ${getComputedStyle(document.body).fontFamily}`;
		return pen.measureText(label).width;
	};
	const besideAxis = 90; // about what the labels of the Y axis and the margins take
	const tagsOf = (chart) => {
		const { min, max } = secondsOf(chart), ends = [];
		const wide = Math.max(document.getElementById(chart.id).clientWidth - besideAxis, 100);
		return (chart.shades || []).map((s) => {
			const begin = (s.from - min) / (max - min) * wide, long = widthOf(s.label), from = Math.max(Math.min(begin, wide - long), 0);
			const free = ends.findIndex((end) => end <= from), row = free < 0 ? ends.length : free;
			if (row >= mostTags) return null;
			ends[row] = from + long + 8;
			return { row, shift: from - begin };
		});
	};
	const laneOf = (chart) => tagHeight * Math.max(0, ...tagsOf(chart).map((t) => t ? t.row + 1 : 0));
	// The ground is a series of its own, so that it stays where a scenario is alone.
	const ground = (chart) => {
		const tags = tagsOf(chart);
		return {
			type: "line", name: "", data: [], silent: true, z: 1,
			markArea: {
				silent: true,
				data: chart.shades.map((s, n) => [{
					xAxis: s.from, name: s.label,
					itemStyle: { color: s.fault ? ink.fault : ink.faint, opacity: s.fault ? 0.13 : 0.1 },
					label: tags[n] ? { show: true, position: [tags[n].shift, -tagHeight * (tags[n].row + 1)], color: s.fault ? ink.fault : ink.faint, fontSize: tagSize } : { show: false },
				}, { xAxis: s.to }]),
			},
		};
	};

	const escape = (t) => String(t).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
	const row = (scenario, name, value) =>
		`<div><span style="display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.5em;background:${colourOf(scenario)}"></span>${escape(name)}<b style="float:right;padding-left:1.6em">${escape(value)}</b></div>`;
	const headOf = (chart, at) => {
		if (chart.x === "nines") {
			const p = 100 * (1 - Math.pow(10, -at));
			return `p${+p.toFixed(Math.max(0, Math.ceil(at)))}`;
		}
		if (chart.x !== "seconds") return `${chart.x_title || ""} ${tickAt(chart, at)}`;
		const acting = (chart.shades || []).filter((s) => s.from < Math.floor(at) + 1 && Math.floor(at) < s.to).map((s) => s.label);
		return [`second ${Math.floor(at)}`, ...acting].join(" · ");
	};
	const nearest = (chart, at) => chart.ticks.reduce((best, t) => Math.abs(xOf(chart)(t.at) - at) < Math.abs(xOf(chart)(best.at) - at) ? t : best);
	const tickAt = (chart, at) => chart.x === "categories" ? chart.categories[at] : nearest(chart, at).label;

	const onHover = (chart) => (params) => {
		const write = written[chart.y], at = params[0].axisValue, end = (v) => v === "open" ? v : write(v);
		const lines = [`<b>${escape(headOf(chart, Number(params[0].data?.[0] ?? at)))}</b>`];
		if (chart.ticks || chart.x === "categories") {
			const place = chart.x === "categories" ? Number(params[0].data?.[0]) : nearest(chart, Number(at)).at;
			lines[0] = `<b>${escape(headOf(chart, xOf(chart)(place)))}</b>`;
			for (const s of chart.series.filter((s) => shown(s.scenario))) {
				const p = s.points.find((p) => Math.abs(p[0] - place) < 1e-9);
				if (!p || p[1] === null) continue;
				lines.push(row(s.scenario, s.theory ? s.scenario + ", theory" : s.scenario, s.interval && p[2] !== null ? `${write(p[1])} [${end(p[2])}, ${end(p[3])}]` : write(p[1])));
			}
			return lines.join("");
		}
		for (const p of params) {
			if (!p.data || p.data.length < 4 || p.data[3] === null) continue;
			lines.push(row(p.seriesName, p.seriesName, write(p.data[3])));
		}
		return lines.join("");
	};
	const tip = (more) => Object.assign({
		confine: true, backgroundColor: ink.raised, borderColor: ink.line, textStyle: { color: ink.ink, fontSize: 12 }, transitionDuration: 0,
	}, more);

	const lines = (chart) => ({
		grid: { left: 8, right: narrow() ? 14 : 24, top: (chart.shades || []).length ? 9 + laneOf(chart) : 14, bottom: chart.x_title ? 28 : 8, containLabel: true },
		xAxis: xAxis(chart), yAxis: yAxis(chart), series: seriesOf(chart),
		tooltip: tip({ trigger: "axis", axisPointer: { type: "line", snap: true, lineStyle: { color: ink.faint } }, formatter: onHover(chart) }),
	});

	// ---- bars ----

	const copied = "73"; // paler, as part of a colour
	const bars = (chart) => {
		const rows = chart.categories.map((name, n) => ({ name, n })).filter((r) => shown(r.name));
		const stacked = chart.series.length > 1, write = written[chart.y];
		const total = (r) => chart.series.reduce((sum, s) => sum + s.bars[r.n], 0);
		const ofCopies = chart.series.length === 2 && chart.y === "bytes";
		return {
			grid: { left: 8, right: narrow() ? 62 : 70, top: stacked ? legendHeight(chart) : 8, bottom: 8, containLabel: true },
			legend: stacked ? { left: 0, top: 0, itemWidth: 14, itemHeight: 10, itemGap: 12, textStyle: { color: ink.ink, fontSize: 12 }, selectedMode: false, data: chart.series.map((s, i) => ({ name: s.name, itemStyle: { color: ofCopies ? (i ? "#88888873" : "#888888") : parts[i % parts.length] } })) } : { show: false },
			xAxis: axis({ type: "value", axisLabel: { ...text(), formatter: onAxis(chart.y), hideOverlap: true }, splitNumber: document.getElementById(chart.id).clientWidth < 500 ? 2 : 4 }),
			yAxis: axis({ type: "category", inverse: true, data: rows.map((r) => r.name), splitLine: { show: false }, axisTick: { show: false }, axisLabel: { ...text(), color: ink.ink, interval: 0 } }),
			series: chart.series.map((s, i) => ({
				type: "bar", name: s.name, stack: "all", barMaxWidth: 24, emphasis: { disabled: true },
				itemStyle: { color: parts[i % parts.length] },
				data: rows.map((r) => ({
					value: s.bars[r.n],
					itemStyle: stacked && !ofCopies ? {} : { color: colourOf(r.name) + (i ? copied : "") },
				})),
				label: i < chart.series.length - 1 ? { show: false } : { show: true, position: "right", color: ink.ink, formatter: (p) => total(rows[p.dataIndex]) ? write(total(rows[p.dataIndex])) : "–" },
			})),
			tooltip: tip({
				trigger: "axis", axisPointer: { type: "shadow" },
				formatter: (params) => {
					const r = rows[params[0].dataIndex];
					const part = (p) => `<div>${stacked && !ofCopies ? p.marker : ""}${escape(p.seriesName)}<b style="float:right;padding-left:1.6em">${escape(write(p.value))}</b></div>`;
					const sum = stacked ? `<div>all of it<b style="float:right;padding-left:1.6em">${escape(write(total(r)))}</b></div>` : "";
					return `<b>${escape(r.name)}</b>` + params.map(part).join("") + sum;
				},
			}),
		};
	};
	// The legend breaks into lines; what is below it has to know how many.
	const legendHeight = (chart) => {
		const width = document.getElementById(chart.id).clientWidth || 320;
		let lines = 1, used = 0;
		for (const s of chart.series) {
			const wide = 14 + 5 + 12 + s.name.length * 7;
			if (used + wide > width) { lines++; used = 0; }
			used += wide;
		}
		return lines * 22 + 8;
	};

	// ---- the matrix ----

	const matrix = (chart) => {
		const columns = chart.columns.filter(shown);
		const figure = (line) => (/[<\d.]+ ?(%|µs|ms|s)?/.exec(line.replace("p99 ", "")) || [""])[0];
		const words = (c) => !c.lines ? (c.feel === "does not apply" ? "–" : "") : narrow() ? figure(c.lines[0]) : c.lines.join("\n");
		const cells = chart.cells.filter((c) => columns.includes(chart.columns[c.column]));
		return {
			grid: { left: 4, right: 4, top: narrow() ? 44 : 28, bottom: 4, containLabel: true },
			xAxis: axis({ type: "category", position: "top", data: columns, axisTick: { show: false }, axisLabel: { ...text(), color: ink.ink, interval: 0, formatter: (v) => narrow() ? v.replace(/-/g, "-\n") : v } }),
			yAxis: axis({ type: "category", inverse: true, data: chart.categories, axisTick: { show: false }, axisLabel: { ...text(), color: ink.ink, interval: 0 } }),
			series: [{
				type: "heatmap", emphasis: { disabled: true }, itemStyle: { borderColor: ink.ground, borderWidth: 1 },
				data: cells.map((c) => ({
					value: [columns.indexOf(chart.columns[c.column]), c.row, 0], cell: c, itemStyle: { color: c.fill },
					label: { show: true, color: c.text, formatter: () => words(c), fontSize: 10, lineHeight: 12 },
				})),
			}],
			tooltip: tip({
				trigger: "item", formatter: (p) => {
					const c = p.data.cell;
					return `<b>${escape(chart.categories[c.row])}</b><div>${escape(chart.columns[c.column])}: ${escape(c.feel)}</div>` + (c.lines || []).map((l) => `<div>${escape(l)}</div>`).join("");
				},
			}),
		};
	};

	// ---- drawing ----

	const options = { lines, bars, matrix };
	// A narrow cell has room for a figure, a wide one for all of its lines.
	const rowHeight = (chart) => narrow() ? 20 : 6 + 12 * Math.max(2, ...chart.cells.map((c) => (c.lines || []).length));
	const heightOf = (chart) => chart.kind === "matrix" ? Math.max(chart.categories.length, 2) * rowHeight(chart) + 50
		: chart.kind === "bars" ? chart.categories.filter(shown).length * 34 + 56 + (chart.series.length > 1 ? legendHeight(chart) : 0) : null;
	const draw = (place) => {
		const chart = charts[place.id];
		chart.id = place.id;
		const height = heightOf(chart);
		if (height) place.style.height = height + "px";
		let drawn = state.drawn.get(place.id);
		if (!drawn) {
			drawn = echarts.init(place, null, { renderer: "svg" });
			if (chart.x === "seconds") drawn.group = "seconds";
			state.drawn.set(place.id, drawn);
		}
		drawn.resize();
		drawn.setOption({ animation: false, textStyle: { fontFamily: "inherit" }, ...options[chart.kind](chart) }, { notMerge: true });
	};
	const drawAll = () => {
		readInk();
		for (const place of document.querySelectorAll(".plot")) {
			if (place.closest("[hidden]")) {
				state.drawn.get(place.id)?.dispose();
				state.drawn.delete(place.id);
			} else {
				draw(place);
			}
		}
	};

	// ---- controls ----

	const keys = document.querySelector(".keys");
	const sample = (scenario) => {
		const dashes = (looks[scenario].dashes || []).join(" ");
		return `<svg viewBox="0 0 34 10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" stroke-dasharray="${dashes}"></line></svg>`;
	};
	const onlyShown = () => {
		const names = new Set();
		for (const place of document.querySelectorAll(".plot")) {
			if (place.closest("[hidden]")) continue;
			const c = charts[place.id];
			for (const s of c.series || []) if (s.scenario) names.add(s.scenario);
			for (const s of c.kind === "bars" ? c.categories : c.columns || []) names.add(s);
		}
		return [...names];
	};
	const legend = () => {
		const names = onlyShown();
		if (!names.includes(state.alone)) state.alone = null;
		keys.replaceChildren(...names.map((scenario) => {
			const key = document.createElement("button");
			key.type = "button";
			key.className = "key";
			key.title = `Show ${scenario} alone, or all again`;
			key.style.setProperty("--light", looks[scenario].light);
			key.style.setProperty("--dark", looks[scenario].dark);
			key.setAttribute("aria-pressed", String(state.alone === scenario));
			key.innerHTML = sample(scenario) + escape(scenario);
			key.addEventListener("click", () => {
				state.alone = state.alone === scenario ? null : scenario;
				update();
				keys.children[names.indexOf(scenario)].focus();
			});
			return key;
		}));
		const dimmed = (scenario) => scenario in looks && !shown(scenario);
		for (const card of document.querySelectorAll(".card")) card.classList.toggle("dim", dimmed(card.dataset.scenario));
		for (const tr of document.querySelectorAll("tbody tr")) tr.classList.toggle("dim", [...tr.cells].some((td) => dimmed(td.textContent)));
	};
	const update = () => { legend(); drawAll(); };

	document.getElementById("view")?.addEventListener("change", (event) => {
		for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== event.target.value;
		update();
	});
	document.getElementById("theme").addEventListener("click", () => {
		document.documentElement.dataset.theme = dark() ? "light" : "dark";
		drawAll();
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
	let resized;
	addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(drawAll, 100); });

	// ---- tables ----

	const sortBy = (table, column) => {
		const head = table.tHead.rows[0].cells[column], body = table.tBodies[0];
		const up = head.getAttribute("aria-sort") !== "ascending";
		for (const th of table.tHead.rows[0].cells) th.removeAttribute("aria-sort");
		head.setAttribute("aria-sort", up ? "ascending" : "descending");
		const key = (tr) => tr.cells[column].dataset.key;
		const compare = (a, b) => {
			if (key(a) !== "" && key(b) !== "") return (Number(key(a)) - Number(key(b))) * (up ? 1 : -1);
			if (key(a) !== "" || key(b) !== "") return key(a) !== "" ? -1 : 1; // what has no figure is last, either way
			return a.cells[column].textContent.localeCompare(b.cells[column].textContent) * (up ? 1 : -1);
		};
		body.append(...[...body.rows].sort(compare));
	};
	const csv = (table) => [...table.rows].map((tr) => [...tr.cells].map((cell) => {
		const value = cell.textContent;
		return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
	}).join(",")).join("\n") + "\n";
	const toClipboard = async (value) => {
		try {
			await navigator.clipboard.writeText(value);
		} catch { // not allowed here: as it was done before there was a way to ask
			const area = document.createElement("textarea");
			area.value = value;
			document.body.append(area);
			area.select();
			const done = document.execCommand("copy");
			area.remove();
			if (!done) throw new Error("the browser does not let the page copy");
		}
	};
	for (const figure of document.querySelectorAll("figure.table")) {
		const table = figure.querySelector("table"), button = figure.querySelector(".copy");
		[...table.tHead.rows[0].cells].forEach((th, n) => th.firstElementChild.addEventListener("click", () => sortBy(table, n)));
		button.addEventListener("click", async () => {
			const label = "copy as CSV";
			try {
				await toClipboard(csv(table));
				button.textContent = "copied";
			} catch (error) {
				button.textContent = error.message;
			}
			setTimeout(() => { button.textContent = label; }, 1500);
		});
	}

	update();
	echarts.connect("seconds");
})();
